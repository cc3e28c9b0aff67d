// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <filesystem>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/retry.hpp"
#include "core/base/text.hpp"
#include "core/workflow/run.hpp"
#include "core/workflow/withdraw.hpp"

// Who works, who takes too long, and when a run is to end before its jobs do.
namespace pecanctl::workflow {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_question{15'000};

}  // namespace

void Run::ask_when_due(rabbitmq::Broker& broker, const Deadline& deadline,
                       const std::stop_token& stop)
{
  if (services_.now() < next_question_) {
    return;
  }
  const bool is_quiet = is_silent(broker, deadline, stop);
  note_started();
  give_up_late(deadline, stop);
  if (silence_.observe(services_.now(), is_quiet)) {
    give_up_lost(deadline, stop);
    silence_.interrupt();
  }
  next_question_ = services_.now() + options_.timing.ask;
}

bool Run::is_silent(rabbitmq::Broker& broker, const Deadline& deadline, const std::stop_token& stop)
{
  const auto limit = deadline.sooner(k_question);
  const auto queue = broker.find_queue(held_.state.info.queue, limit, stop);
  ready_ = queue ? queue->ready : 0;
  // Workers need a moment to come back after the broker did.
  const bool is_unattended =
      unattended_.observe(services_.now(), queue && queue->ready > 0 && queue->consumers == 0);
  if (is_unattended && !std::exchange(is_warned_, true)) {
    warn(services_.reporter,
         fmt::format("no worker listens to queue {} now; jobs wait there: pecanctl scale {}=1",
                     held_.state.info.queue, held_.state.info.model));
  }
  if (ready_ > 0) {
    return false;
  }
  try {
    return !services_.is_busy(limit, stop);
  } catch (const Error& error) {
    debug(services_.reporter, error.what());
    return false;  // not known
  }
}

void Run::give_up_lost(const Deadline& deadline, const std::stop_token& stop)
{
  auto& jobs = held_.state.jobs;
  for (std::uint32_t i = 0; i < jobs.size(); ++i) {
    if (is_under_way(jobs[i])) {
      look(std::span{&i, 1}, deadline, stop);
    }
    if (jobs[i].state == JobState::sent && !jobs[i].is_watched) {
      held_.unwritten.push_back({.kind = Record::Kind::withdrawn, .job = i});
      jobs[i].state = JobState::waiting;  // it never arrived
    } else if (jobs[i].state == JobState::queued) {
      end_job(i, {.output = "no worker answered"}, JobEnd::lost, deadline, stop);
    }
  }
  flush();
}

// A queue hands out first what came first: of our messages, as many as there are more than wait in
// the queue have surely been taken.
void Run::note_started()
{
  asked_at_ = services_.now();
  auto& jobs = held_.state.jobs;
  std::vector<std::uint32_t> under_way;
  for (std::uint32_t i = 0; i < jobs.size(); ++i) {
    if (jobs[i].state == JobState::queued) {
      under_way.push_back(i);
    }
  }
  if (under_way.size() <= ready_) {
    return;
  }
  const auto taken = static_cast<std::ptrdiff_t>(under_way.size() - ready_);
  std::ranges::nth_element(under_way, under_way.begin() + taken - 1, {}, [&](auto i) {
    return std::pair{jobs[i].sent_at, i};
  });
  for (auto next = under_way.begin(); next != under_way.begin() + taken; ++next) {
    auto& job = jobs[*next];
    job.started_at = job.started_at == Time{} ? asked_at_ : job.started_at;
  }
}

// How long a worker has had it, at most.
milliseconds Run::time_of(const Job& job) const
{
  const auto since = job.started_at == Time{} ? std::max(job.sent_at, asked_at_) : job.started_at;
  return std::chrono::duration_cast<milliseconds>(services_.now() - since);
}

// A job that takes too long is not waited for any more; its worker is left alone.
void Run::give_up_late(const Deadline& deadline, const std::stop_token& stop)
{
  const auto limit = times_.limit(held_.state.info.policy.job_timeout);
  auto& jobs = held_.state.jobs;
  for (std::uint32_t i = 0; limit && i < jobs.size(); ++i) {
    const auto is_late = [&] {
      return jobs[i].state == JobState::queued && !jobs[i].is_watched &&
             jobs[i].started_at != Time{} && time_of(jobs[i]) > *limit;
    };
    if (is_late()) {
      look(std::span{&i, 1}, deadline, stop);
    }
    if (is_late()) {
      const auto words =
          fmt::format("it takes longer than {}; its worker goes on", format_duration(*limit));
      end_job(i, {.output = words}, JobEnd::timeout, deadline, stop);
    }
  }
  flush();
}

// --- ending early ---

// Returns whether the rest is to be left alone.
bool Run::obey(const Deadline& deadline, const std::stop_token& stop)
{
  const auto& halt = held_.state.info.policy.halt;
  const bool is_now = halt.when == HaltRule::When::now;
  if (!is_halted_ && is_reached(halt, totals())) {
    is_halted_ = true;
    has_to_take_back_ = is_now;
    note(services_.reporter,
         fmt::format("--halt {}: {}", render(halt),
                     is_now ? "what no worker has begun is taken back" : "nothing new is sent"));
    cancel_waiting();
  }
  if (std::filesystem::exists(cancel_request_path(held_.journal.path()))) {
    is_cancelled_ = true;
    has_to_take_back_ = true;
  }
  if (has_to_take_back_) {
    try {
      take_back(deadline, stop);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::unreachable) {
        throw;
      }
      debug(services_.reporter, error.what());  // without the broker it is tried again later
    }
  }
  if (is_cut_short()) {
    cancel_waiting();  // what never arrived, too
  }
  return is_halted_ && is_now && !has_to_take_back_;
}

void Run::cancel(const Deadline& deadline, const std::stop_token& stop)
{
  is_cancelled_ = true;
  take_back(deadline, stop);
}

void Run::cancel_waiting()
{
  auto& jobs = held_.state.jobs;
  for (std::uint32_t i = 0; i < jobs.size(); ++i) {
    if (jobs[i].state == JobState::waiting) {
      held_.unwritten.push_back({.kind = Record::Kind::cancelled, .job = i});
      jobs[i].state = JobState::cancelled;
    } else if (is_cancelled_ && jobs[i].is_watched && !is_over(jobs[i])) {
      held_.unwritten.push_back(
          {.kind = Record::Kind::moved, .job = i});  // another run's all the time
      jobs[i].state = JobState::moved;
    }
  }
  flush();
}

void Run::take_back(const Deadline& deadline, const std::stop_token& stop)
{
  cancel_waiting();
  auto& jobs = held_.state.jobs;
  const auto is_ours = [](const Job& job) { return is_under_way(job) && !job.is_watched; };
  const auto find = [&](const rabbitmq::Message& message) -> std::optional<std::uint32_t> {
    const auto body = nlohmann::json::parse(message.body, nullptr, false);
    const auto job = body.is_object() && body.contains("folder") && body["folder"].is_string()
                         ? find_job(body["folder"].get_ref<const std::string&>())
                         : std::nullopt;
    return job && is_ours(jobs[*job]) && message_id(jobs[*job]) == message.message_id
               ? job
               : std::nullopt;
  };
  const auto wanted = static_cast<std::size_t>(std::ranges::count_if(jobs, is_ours));
  const auto limit = deadline.sooner(k_question);
  const auto& queue = held_.state.info.queue;
  auto broker = wanted > 0 ? services_.connect(limit, stop) : nullptr;
  if (broker && broker->find_queue(queue, limit, stop)) {
    for (const auto job : withdraw_jobs(std::move(broker), queue, wanted, find, limit, stop)) {
      held_.unwritten.push_back({.kind = Record::Kind::cancelled, .job = job});
      jobs[job].state = JobState::cancelled;
    }
    flush();
  }
  has_to_take_back_ = false;
  std::error_code ignored;
  std::filesystem::remove(cancel_request_path(held_.journal.path()), ignored);
}

}  // namespace pecanctl::workflow
