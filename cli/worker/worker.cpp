// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/worker/worker.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/failpoint.hpp"
#include "core/base/text.hpp"

namespace pecanctl::worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_request_limit{5'000};
constexpr milliseconds k_settle_limit{5000};
constexpr milliseconds k_heartbeat_limit{250};  // a blocked broker must not hold the loop
constexpr milliseconds k_lock_poll{250};
constexpr std::chrono::seconds k_kill_delay{5};
constexpr int k_terminated = 143;

}  // namespace

bool is_same_message(const FolderRecord& record, const rabbitmq::Delivery& delivery)
{
  return record.message_id == delivery.message.message_id &&
         (!record.message_id.empty() || (delivery.is_redelivered && !record.is_settled));
}

Worker::Worker(Config config, Log& log)
    : config_{std::move(config)},
      log_{log},
      id_{random_uuid()},
      heartbeat_{render_heartbeat(id_, find_hostname(), config_.model)},
      link_{config_.endpoint, config_.model.queue, log},
      patience_{config_.patience, has_network}
{
  // Jobs tell by it which of them the same worker ran.
  config_.job_environment.push_back(fmt::format("PECAN_WORKER_ID={}", id_));
  events_.add(signals_.fd());
  events_.add(link_.wake_fd());
}

int Worker::run()
{
  log_.line(fmt::format("worker {} for queue {}", id_, config_.model.queue));
  while (!exit_status_) {
    serve_broker();
    wait();
    handle_signals();
    advance_task();
    check_end();
  }
  link_.close();
  log_.line(fmt::format("stopped, exit status {}", *exit_status_));
  return *exit_status_;
}

// --- the broker ---

void Worker::with_broker(const std::function<void(rabbitmq::Broker&)>& work)
{
  auto* const broker = link_.get();
  if (broker == nullptr) {
    return;
  }
  try {
    work(*broker);
  } catch (const Error& error) {
    link_.drop(error);
    consumer_.clear();
    if (task_) {
      task_->is_ours = false;
    }
  }
}

void Worker::serve_broker()
{
  if (link_.serve()) {
    log_.line("connected to the broker");
    next_heartbeat_ = Clock::now();
  }
  with_broker([&](rabbitmq::Broker& broker) {
    // Not while a job from an earlier connection runs: the message would wait here instead of
    // elsewhere.
    if (consumer_.empty() && !task_ && !is_draining_) {
      consumer_ = broker.consume(config_.model.queue, 1, false, Deadline::in(k_request_limit), {});
    }
    // Never before consuming: while the broker has an alarm, it reads nothing more from a
    // connection that published.
    if (Clock::now() >= next_heartbeat_) {
      next_heartbeat_ = Clock::now() + k_heartbeat_interval;
      send_heartbeat(broker);
    }
  });
}

void Worker::send_heartbeat(rabbitmq::Broker& broker)
{
  try {
    broker.publish_transient(k_models_exchange, "", {.body = heartbeat_, .content_type = ""},
                             Deadline::in(k_heartbeat_limit), {});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::timeout) {
      throw;  // a broker that blocks publishers hears the next one
    }
  }
}

void Worker::wait()
{
  const auto timeout = until_next_event();
  if (link_.get() == nullptr) {
    events_.wait(static_cast<int>(timeout.count()));
    return;
  }
  std::optional<rabbitmq::Delivery> delivery;
  with_broker([&](rabbitmq::Broker& broker) {
    delivery = broker.next_delivery(timeout, events_.fd(), {});
  });
  if (delivery) {
    accept(std::move(*delivery));
  }
}

milliseconds Worker::until_next_event() const
{
  auto wait = link_.until_attempt(k_heartbeat_interval);
  const auto no_later_than = [&](Clock::time_point moment) {
    const auto left = std::chrono::ceil<milliseconds>(moment - Clock::now());
    wait = std::clamp(left, milliseconds{0}, wait);
  };
  if (link_.get() != nullptr) {
    no_later_than(next_heartbeat_);
  }
  if (task_ && !task_->process) {
    no_later_than(task_->is_wait_told ? Clock::now() + k_lock_poll : Clock::now());
  }
  if (kill_at_) {
    no_later_than(*kill_at_);
  }
  return wait;
}

// --- a message ---

void Worker::accept(rabbitmq::Delivery delivery)
{
  if (is_draining_ || task_) {
    with_broker([&](rabbitmq::Broker& broker) { broker.reject(delivery.tag, true); });
    return;
  }
  try {
    auto job = parse_job(delivery.message.body);
    if (!std::filesystem::is_directory(job.folder)) {
      throw Error{{.code = ErrorCode::not_found,
                   .what = "cannot use the message",
                   .why = fmt::format("there is no folder {}", job.folder.string())}};
    }
    task_.emplace(Task{.delivery = std::move(delivery), .job = std::move(job)});
  } catch (const std::filesystem::filesystem_error& error) {
    refuse(delivery, system_error("cannot look at the run folder", error.code().value()));
  } catch (const Error& error) {
    refuse(delivery, error);
  }
}

// Never silence: a log line, an outcome where the message names a folder, a reply, and the broker's
// dead letters.
void Worker::refuse(const rabbitmq::Delivery& delivery, const Error& error)
{
  log_.line(fmt::format("refused a message: {}", error.what()));
  const auto folder = find_folder(delivery.message.body).value_or("");
  try {
    if (std::filesystem::exists(folder)) {
      if (const auto lock = FolderLock::try_take(folder)) {
        write_outcome(folder, fmt::format("pecan-worker: {}\n", error.what()), Status::error);
      }
    }
  } catch (const std::exception& failure) {
    log_.line(failure.what());  // the reply and the rejection remain
  }
  reply(delivery, folder.string(), Status::error);
  with_broker([&](rabbitmq::Broker& broker) { broker.reject(delivery.tag, false); });
}

void Worker::advance_task()
{
  if (!task_) {
    return;
  }
  try {
    if (!task_->process) {
      start_task(*task_);
    } else {
      task_->process->read_output();
      if (task_->process->is_finished()) {
        complete_job(*task_);
      }
    }
  } catch (const Error& error) {
    auto task = std::exchange(task_, std::nullopt);
    task->process.reset();
    task->lock.reset();
    if (task->is_ours) {
      refuse(task->delivery, error);
    } else {
      log_.line(error.what());
    }
  }
}

void Worker::start_task(Task& task)
{
  const auto& folder = task.job.folder;
  auto lock = FolderLock::try_take(folder);
  if (!lock) {
    if (!std::exchange(task.is_wait_told, true)) {
      log_.line(fmt::format("{}: another worker is at it, waiting", folder.string()));
    }
    return;
  }
  task.lock.emplace(std::move(*lock));
  const auto record = task.lock->read();
  // The file is removed before a run is recorded: where both are, the outcome is of that very run.
  const auto outcome =
      record && is_same_message(*record, task.delivery) ? find_outcome(folder) : std::nullopt;
  if (outcome) {
    log_.line(fmt::format("{}: was run already, {}", folder.string(), to_string(*outcome)));
    settle(*outcome);
    return;
  }
  run_job(task);
}

void Worker::run_job(Task& task)
{
  const auto& folder = task.job.folder;
  remove_outcome(folder);
  task.lock->write({.message_id = task.delivery.message.message_id}, id_);
  failpoint("worker.before_run");
  task.process = std::make_unique<JobProcess>(Command{
      .arguments = config_.application, .environment = config_.job_environment, .folder = folder});
  task.started = Clock::now();
  events_.add(task.process->output_fd());
  log_.line(fmt::format("{}: started", folder.string()));
}

void Worker::complete_job(Task& task)
{
  if (kill_at_) {
    exit_status_ = k_terminated;  // without an outcome: the message goes back and is run again
    return;
  }
  const auto& folder = task.job.folder;
  const auto status = task.process->is_ok() ? Status::ok : Status::error;
  write_outcome(folder, task.process->output(), status);
  failpoint("worker.outcome_written");
  task.lock->write({.message_id = task.delivery.message.message_id, .is_done = true}, id_);
  const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - task.started);
  log_.line(fmt::format("{}: {} after {} ({})", folder.string(), to_string(status),
                        format_duration(took), task.process->describe_end()));
  failpoint("worker.before_ack");
  settle(status);
}

// The outcome is on disk: tell, acknowledge, be free.
void Worker::settle(Status status)
{
  const auto task = std::exchange(task_, std::nullopt);
  if (!task->is_ours) {
    return;
  }
  reply(task->delivery, task->job.folder.string(), status);
  bool is_heard = false;
  with_broker([&](rabbitmq::Broker& broker) {
    broker.ack(task->delivery.tag);
    // Without an id, "redelivered" is all that tells the message of this run from a later one for
    // the same folder, and a later one may have been handed back by somebody else. An answer to
    // anything on the channel means that the acknowledgement before it was taken.
    if (task->delivery.message.message_id.empty()) {
      broker.find_queue(config_.model.queue, Deadline::in(k_settle_limit), {});
      is_heard = true;
    }
  });
  if (!is_heard) {
    return;
  }
  try {
    task->lock->write({.is_done = true, .is_settled = true}, id_);
  } catch (const Error& error) {
    log_.line(error.what());  // the message is acknowledged; nothing else is left to do for it
  }
}

void Worker::reply(const rabbitmq::Delivery& delivery, const std::string& folder, Status status)
{
  const auto& message = delivery.message;
  if (message.reply_to.empty()) {
    return;
  }
  const nlohmann::ordered_json body{
      {"folder", folder}, {"status", to_string(status)}, {"message_id", message.message_id}};
  const rabbitmq::Message answer{
      .body = body.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace),
      .correlation_id = message.message_id.empty() ? message.correlation_id : message.message_id,
      .is_persistent = false};
  with_broker([&](rabbitmq::Broker& broker) {
    try {
      broker.publish_transient("", message.reply_to, answer, Deadline::in(k_heartbeat_limit), {});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::timeout) {
        throw;
      }
      log_.line(error.what());  // the file is the truth
    }
  });
}

// --- signals ---

void Worker::handle_signals()
{
  while (const auto signal = signals_.take()) {
    if (*signal == SIGCHLD) {
      reap_children();
    } else if (!is_draining_) {
      begin_stop();
    } else {
      abort_job();
    }
  }
}

// As process 1 of a container we also get the orphans of jobs.
void Worker::reap_children()
{
  int status = 0;
  for (pid_t pid = ::waitpid(-1, &status, WNOHANG); pid > 0;
       pid = ::waitpid(-1, &status, WNOHANG)) {
    if (task_ && task_->process) {
      task_->process->on_exit(pid, status);
    }
  }
}

void Worker::begin_stop()
{
  is_draining_ = true;
  const bool is_running = task_ && task_->process;
  log_.line(is_running ? "asked to stop: finishing the job first" : "asked to stop");
  with_broker([&](rabbitmq::Broker& broker) {
    if (!consumer_.empty()) {
      broker.cancel_consumer(std::exchange(consumer_, ""), Deadline::in(k_request_limit), {});
    }
  });
  if (!is_running) {
    task_.reset();  // closing the connection gives it back
  }
}

void Worker::abort_job()
{
  if (!kill_at_ && task_ && task_->process) {
    log_.line("asked to stop again: ending the job");
    task_->process->kill(SIGTERM);
    kill_at_ = Clock::now() + k_kill_delay;
  }
}

void Worker::check_end()
{
  if (patience_.is_over(Clock::now(), link_.get() != nullptr, task_.has_value())) {
    log_.line(link_.get() == nullptr ? "no broker for too long: starting anew"
                                     : "no network any more: starting anew");
    exit_status_ = 1;
    return;
  }
  if (kill_at_ && Clock::now() >= *kill_at_) {
    task_->process->kill(SIGKILL);
    exit_status_ = k_terminated;
  } else if (is_draining_ && !task_ && !exit_status_) {
    exit_status_ = 0;
  }
}

}  // namespace pecanctl::worker
