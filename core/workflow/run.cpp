// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/run.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/failpoint.hpp"
#include "core/base/retry.hpp"
#include "core/base/text.hpp"
#include "core/workflow/retry.hpp"
#include "core/workflow/submission.hpp"

namespace pecanctl::workflow {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t k_batch = 1000;        // jobs in one step of submission
constexpr std::size_t k_local_looks = 2000;  // jobs in one look
constexpr std::size_t k_engine_looks = 500;
constexpr std::size_t k_tail_lines = 10;
constexpr milliseconds k_connect{5000};
constexpr milliseconds k_request{15'000};
constexpr milliseconds k_pause{250};  // between attempts to connect

std::string describe_refusal(rabbitmq::PublishOutcome outcome, std::string_view queue)
{
  return outcome == rabbitmq::PublishOutcome::returned
             ? fmt::format("RabbitMQ has no queue '{}'", queue)
             : fmt::format("RabbitMQ refused the message for queue '{}'", queue);
}

}  // namespace

Run::Run(HeldRun& held, RunServices services, RunOptions options)
    : held_{held},
      services_{std::move(services)},
      options_{std::move(options)},
      by_folder_(held.state.jobs.size()),
      silence_{options_.timing.lost_after},
      unattended_{options_.timing.lost_after},
      slow_look_{options_.timing.first_slow_look}
{
  std::iota(by_folder_.begin(), by_folder_.end(), 0U);
  std::ranges::sort(
      by_folder_, {}, [this](auto i) -> const auto& { return held_.state.jobs[i].folder; });
  for (auto& job : held_.state.jobs) {
    job.sent_at = services_.now();
  }
}

void Run::submit(const Deadline& deadline, const std::stop_token& stop)
{
  const auto has_more = [this] { return !choose().empty(); };
  while (has_more()) {
    if (!with_broker([&](auto& broker) { send(broker, deadline, stop); }, deadline, stop)) {
      pause_for(k_pause, deadline, stop);
    }
  }
}

void Run::wait(const Deadline& deadline, const std::stop_token& stop)
{
  const auto& info = held_.state.info;
  Step step{services_.reporter, {.id = info.id, .group = info.model, .action = "run"}};
  wants_replies_ = true;
  while (!held_.state.is_over()) {
    deadline.check(
        fmt::format("waiting for {} jobs", totals().jobs - totals().ok - totals().failed));
    const auto work = [&](rabbitmq::Broker& broker) {
      send(broker, deadline, stop);
      ask_when_due(broker, deadline, stop);
      receive(broker, deadline, stop);
    };
    if (!with_broker(work, deadline, stop)) {
      pause_for(k_pause, deadline, stop);
    }
    look_when_due(deadline, stop);
    tell(step);
  }
  const auto sum = totals();
  step.set_detail(fmt::format("{} OK, {} ERROR", sum.ok, sum.failed));
  step.set_outcome(sum.failed == 0 ? StepOutcome::done : StepOutcome::failed);
}

RunTotals Run::totals() const
{
  RunTotals sum;
  for (const auto& job : held_.state.jobs) {
    sum.jobs += job.state == JobState::moved ? 0 : 1;
    sum.ok += job.state == JobState::ok ? 1 : 0;
    sum.failed += job.state == JobState::error ? 1 : 0;
  }
  return sum;
}

// --- the broker ---

// Returns whether the broker is there. A connection that breaks is made again; what was under way
// goes on meanwhile.
bool Run::with_broker(const std::function<void(rabbitmq::Broker&)>& work, const Deadline& deadline,
                      const std::stop_token& stop)
{
  try {
    if (broker_ == nullptr) {
      connect(deadline, stop);
    }
    work(*broker_);
    away_since_.reset();
    return true;
  } catch (const Error& error) {
    const bool is_broken =
        error.code() == ErrorCode::unreachable || (broker_ == nullptr && is_transient(error));
    if (!is_broken) {
      throw;
    }
    broker_.reset();
    away_since_ = away_since_.value_or(services_.now());
    silence_.interrupt();
    debug(services_.reporter, error.what());
    if (services_.now() - *away_since_ >= options_.timing.reconnect) {
      throw;
    }
    return false;
  }
}

void Run::connect(const Deadline& deadline, const std::stop_token& stop)
{
  const auto limit = deadline.sooner(k_connect);
  auto broker = services_.connect(limit, stop);
  if (wants_replies_) {
    reply_queue_ = broker->make_reply_queue(limit, stop);
    broker->consume(reply_queue_, 0, true, limit, stop);
  }
  broker_ = std::move(broker);
}

// What may be sent now: jobs that wait, and those in doubt where sending twice does no harm.
std::vector<std::uint32_t> Run::choose() const
{
  std::vector<std::uint32_t> chosen;
  const auto& jobs = held_.state.jobs;
  const auto under_way = static_cast<std::size_t>(std::ranges::count_if(jobs, is_under_way));
  const auto limit = options_.most_at_once;
  auto room = limit == 0 ? k_batch : std::min(k_batch, limit - std::min(limit, under_way));
  for (std::uint32_t i = 0; i < jobs.size() && chosen.size() < k_batch; ++i) {
    const bool is_doubtful =
        jobs[i].state == JobState::sent && options_.recognises_duplicates && !jobs[i].is_watched;
    if (is_doubtful || (jobs[i].state == JobState::waiting && room > 0)) {
      chosen.push_back(i);
      room -= is_doubtful ? 0 : 1;
    }
  }
  return chosen;
}

void Run::send(rabbitmq::Broker& broker, const Deadline& deadline, const std::stop_token& stop)
{
  auto chosen = choose();
  std::vector<std::uint32_t> doubtful;
  std::ranges::copy_if(chosen, std::back_inserter(doubtful),
                       [this](auto i) { return held_.state.jobs[i].state == JobState::sent; });
  if (!doubtful.empty()) {
    look(doubtful, deadline, stop);
    std::erase_if(chosen, [this](auto i) { return is_over(held_.state.jobs[i]); });
  }
  if (chosen.empty()) {
    return;
  }
  const SubmissionOptions options{.reply_to = wants_replies_ ? reply_queue_ : "",
                                  .window = options_.window,
                                  .mount = options_.mount};
  const auto on_refused = [this](std::uint32_t index, auto outcome) { refuse(index, outcome); };
  silence_.interrupt();
  slow_look_ = options_.timing.first_slow_look;
  send_jobs(held_, chosen, services_.data, broker, options, on_refused,
            deadline.sooner(options_.timing.publish), stop);
}

void Run::refuse(std::uint32_t index, rabbitmq::PublishOutcome outcome)
{
  held_.journal.append({.kind = Record::Kind::lost, .job = index});
  auto& job = held_.state.jobs[index];
  job.state = JobState::error;
  services_.on_result({.folder = data_path(job.folder, options_.mount),
                       .attempt = job.attempt,
                       .output = describe_refusal(outcome, held_.state.info.queue)});
}

// Waits for answers until the next look is due. An answer is a reason to look at once, nothing
// more.
void Run::receive(rabbitmq::Broker& broker, const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<std::uint32_t> hints;
  const auto left = std::chrono::ceil<milliseconds>(next_look_ - services_.now());
  const auto most = deadline.left_ms(static_cast<int>(options_.timing.ask.count()));
  auto wait =
      choose().empty() ? std::clamp(left, milliseconds{0}, milliseconds{most}) : milliseconds{0};
  while (const auto delivery = broker.next_delivery(wait, -1, stop)) {
    follow_hint(delivery->message, hints);
    wait = milliseconds{0};
  }
  if (!hints.empty()) {
    look(hints, deadline, stop);
  }
}

void Run::follow_hint(const rabbitmq::Message& reply, std::vector<std::uint32_t>& hints) const
{
  const auto body = nlohmann::json::parse(reply.body, nullptr, false);
  const auto text = body.is_object() && body.contains("folder") && body["folder"].is_string()
                        ? body["folder"].get<std::string>()
                        : std::string{};
  const auto prefix = options_.mount + "/";
  if (!text.starts_with(prefix)) {
    return;
  }
  const auto folder = text.substr(prefix.size());
  const auto& jobs = held_.state.jobs;
  const auto found = std::ranges::lower_bound(
      by_folder_, folder, {}, [&](auto i) -> const auto& { return jobs[i].folder; });
  if (found != by_folder_.end() && jobs[*found].folder == folder && is_under_way(jobs[*found])) {
    hints.push_back(*found);
  }
}

// --- outcomes ---

void Run::look(std::span<const std::uint32_t> jobs, const Deadline& deadline,
               const std::stop_token& stop)
{
  const auto on_outcome = [&](std::uint32_t index, const Outcome& outcome) {
    end_job(index, outcome, false, deadline, stop);
  };
  look_for_outcomes(held_.state.jobs, jobs, services_.data, on_outcome, deadline.sooner(k_request),
                    stop);
  flush();
}

// What was seen is written once a look. Before that a crash costs nothing: the files are still
// there.
void Run::flush()
{
  held_.journal.append(records_);
  records_.clear();
}

milliseconds Run::look_interval() const
{
  return services_.data.is_local() ? options_.timing.look : slow_look_;
}

void Run::look_when_due(const Deadline& deadline, const std::stop_token& stop)
{
  if (services_.now() < next_look_) {
    return;
  }
  const auto count = services_.data.is_local() ? k_local_looks : k_engine_looks;
  const auto before = totals();
  look(rotation_.next(held_.state.jobs, count), deadline, stop);
  const auto after = totals();
  const bool is_moving = before.ok + before.failed != after.ok + after.failed;
  slow_look_ = is_moving ? options_.timing.first_slow_look
                         : std::min(slow_look_ * 3 / 2, options_.timing.longest_slow_look);
  next_look_ = services_.now() + look_interval();
}

void Run::end_job(std::uint32_t index, const Outcome& outcome, bool is_lost,
                  const Deadline& deadline, const std::stop_token& stop)
{
  auto& job = held_.state.jobs[index];
  if (!is_under_way(job)) {
    return;  // hinted at twice
  }
  silence_.interrupt();
  const auto elapsed = std::chrono::duration_cast<milliseconds>(services_.now() - job.sent_at);
  JobResult result{.folder = data_path(job.folder, options_.mount),
                   .is_ok = outcome.is_ok,
                   .attempt = job.attempt,
                   .elapsed = elapsed,
                   .output = outcome.is_ok ? "" : tail_of(outcome.output, k_tail_lines)};
  result.is_retried = !outcome.is_ok && try_again(index, deadline, stop);
  if (!result.is_retried) {
    records_.push_back({.kind = is_lost ? Record::Kind::lost : Record::Kind::done,
                        .job = index,
                        .is_ok = outcome.is_ok});
    job.state = outcome.is_ok ? JobState::ok : JobState::error;
  }
  failpoint("run.outcome");
  services_.on_result(result);
}

// Whether another attempt was begun. Without the right to clear what the last one left there is
// none: it would look successful whatever happened.
bool Run::try_again(std::uint32_t index, const Deadline& deadline, const std::stop_token& stop)
{
  auto& job = held_.state.jobs[index];
  if (job.attempt > held_.state.info.retries || job.is_watched) {
    return false;
  }
  try {
    clear_for_retry(services_.data, job, deadline.sooner(k_request), stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::denied) {
      throw;
    }
    warn(services_.reporter, fmt::format("{} is not tried again: {}",
                                         data_path(job.folder, options_.mount), error.what()));
    return false;
  }
  const auto attempt = static_cast<std::uint16_t>(job.attempt + 1);
  records_.push_back({.kind = Record::Kind::retry, .job = index, .attempt = attempt});
  job.attempt = attempt;
  job.state = JobState::waiting;
  return true;
}

// --- signs of life ---

void Run::ask_when_due(rabbitmq::Broker& broker, const Deadline& deadline,
                       const std::stop_token& stop)
{
  if (services_.now() < next_question_) {
    return;
  }
  const bool is_quiet = is_silent(broker, deadline, stop);
  if (silence_.observe(services_.now(), is_quiet)) {
    give_up_lost(deadline, stop);
    silence_.interrupt();
  }
  next_question_ = services_.now() + options_.timing.ask;
}

bool Run::is_silent(rabbitmq::Broker& broker, const Deadline& deadline, const std::stop_token& stop)
{
  const auto limit = deadline.sooner(k_request);
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
      records_.push_back({.kind = Record::Kind::withdrawn, .job = i});
      jobs[i].state = JobState::waiting;  // it never arrived
    } else if (jobs[i].state == JobState::queued) {
      end_job(i, {.output = "no worker answered"}, true, deadline, stop);
    }
  }
  flush();
}

void Run::tell(const Step& step)
{
  const auto sum = totals();
  const auto open = sum.jobs - sum.ok - sum.failed;
  const auto waiting = static_cast<std::size_t>(
      std::ranges::count(held_.state.jobs, JobState::waiting, &Job::state));
  const auto queued = std::min<std::size_t>(open - waiting, ready_) + waiting;
  auto text = fmt::format("{}/{} done, {} failed, {} running, {} queued", sum.ok + sum.failed,
                          sum.jobs, sum.failed, open - queued, queued);
  if (text != shown_) {
    step.progress(text, sum.ok + sum.failed, sum.jobs, "jobs");
    shown_ = std::move(text);
  }
}

}  // namespace pecanctl::workflow
