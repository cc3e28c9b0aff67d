// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/run.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "core/base/failpoint.hpp"
#include "core/base/text.hpp"
#include "core/workflow/retry.hpp"

namespace pecanctl::workflow {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t k_local_looks = 2000;  // jobs in one look
constexpr std::size_t k_engine_looks = 500;
constexpr std::size_t k_tail_lines = 10;
constexpr milliseconds k_request{15'000};
constexpr milliseconds k_pause{250};  // between attempts to connect

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
  began_ = services_.now();
  asked_at_ = began_;
  for (auto& job : held_.state.jobs) {
    job.sent_at = began_;
  }
  const auto sum = totals();
  done_before_ = sum.jobs - sum.left();
}

void Run::submit(const Deadline& deadline, const std::stop_token& stop)
{
  const auto has_more = [this] { return !choose().empty(); };
  while (has_more()) {
    obey(deadline, stop);
    if (!with_broker([&](auto& broker) { send(broker, deadline, stop); }, deadline, stop)) {
      pause_for(k_pause, deadline, stop);
    }
  }
  flush();
}

void Run::wait(const Deadline& deadline, const std::stop_token& stop)
{
  const auto& info = held_.state.info;
  Step step{services_.reporter, {.id = info.id, .group = info.model, .action = "run"}};
  wants_replies_ = true;
  while (!held_.state.is_over()) {
    if (obey(deadline, stop)) {
      break;
    }
    deadline.check(fmt::format("waiting for {} jobs", totals().left()));
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
  flush();
  const auto sum = totals();
  const auto cut = sum.cancelled > 0 ? fmt::format(", {} taken back", sum.cancelled) : "";
  step.set_detail(fmt::format("{} OK, {} ERROR{}", sum.ok, sum.failed, cut));
  step.set_outcome(sum.failed == 0 ? StepOutcome::done : StepOutcome::failed);
}

void Run::look(std::span<const std::uint32_t> jobs, const Deadline& deadline,
               const std::stop_token& stop)
{
  const auto on_outcome = [&](std::uint32_t index, const Outcome& outcome) {
    end_job(index, outcome, outcome.is_ok ? JobEnd::ok : JobEnd::error, deadline, stop);
  };
  look_for_outcomes(held_.state.jobs, jobs, services_.data, on_outcome, deadline.sooner(k_request),
                    stop);
  flush();
}

// What was seen is written once a look. Before that a crash costs nothing: the files are still
// there.
void Run::flush()
{
  held_.flush();
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

void Run::end_job(std::uint32_t index, const Outcome& outcome, JobEnd end, const Deadline& deadline,
                  const std::stop_token& stop)
{
  auto& job = held_.state.jobs[index];
  if (!is_under_way(job)) {
    return;  // hinted at twice
  }
  silence_.interrupt();
  JobResult result{
      .number = index,
      .folder = data_path(job.folder, options_.mount),
      .is_ok = end == JobEnd::ok,
      .end = end,
      .attempt = job.attempt,
      .elapsed = std::chrono::duration_cast<milliseconds>(services_.now() - job.sent_at),
      .ran = time_of(job),
      .output = outcome.is_ok ? "" : tail_of(outcome.output, k_tail_lines),
      .whole_output = outcome.output};
  if (outcome.is_ok) {
    times_.add(result.ran);
  }
  result.is_retried = !outcome.is_ok && try_again(index, end, deadline, stop);
  if (!result.is_retried) {
    const auto kind = end == JobEnd::lost      ? Record::Kind::lost
                      : end == JobEnd::timeout ? Record::Kind::timeout
                                               : Record::Kind::done;
    held_.unwritten.push_back({.kind = kind, .job = index, .is_ok = outcome.is_ok});
    job.state = outcome.is_ok ? JobState::ok : JobState::error;
  }
  failpoint("run.outcome");
  services_.on_result(result);
}

// Whether another attempt was begun. Without the right to clear what the last one left there is
// none: it would look successful whatever happened.
bool Run::try_again(std::uint32_t index, JobEnd end, const Deadline& deadline,
                    const std::stop_token& stop)
{
  auto& job = held_.state.jobs[index];
  const auto& info = held_.state.info;
  if (job.attempt > info.retries || job.is_watched || is_cut_short() ||
      !info.policy.retry_on.covers(end)) {
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
  held_.unwritten.push_back({.kind = Record::Kind::retry, .job = index, .attempt = attempt});
  job.attempt = attempt;
  job.started_at = {};
  job.had_no_outcome = false;
  job.state = JobState::waiting;
  return true;
}

std::string Run::describe_progress(const RunTotals& sum) const
{
  const auto waiting = static_cast<std::size_t>(
      std::ranges::count(held_.state.jobs, JobState::waiting, &Job::state));
  const auto queued = std::min<std::size_t>(sum.left() - waiting, ready_) + waiting;
  const auto done = sum.jobs - sum.left();
  auto text = fmt::format("{}/{} done, {} failed, {} running, {} queued", done, sum.jobs,
                          sum.failed, sum.left() - queued, queued);
  if (options_.tells_share) {
    text += fmt::format(", {} %", done * 100 / std::max<std::size_t>(sum.jobs, 1));
  }
  if (options_.tells_time_left && done > done_before_) {
    const auto elapsed = std::chrono::duration_cast<milliseconds>(services_.now() - began_);
    const auto left = elapsed * sum.left() / (done - done_before_);
    text += fmt::format(", {} left",
                        format_duration(std::chrono::duration_cast<std::chrono::seconds>(left)));
  }
  return text;
}

void Run::tell(const Step& step)
{
  const auto sum = totals();
  if (auto text = describe_progress(sum); text != shown_) {
    step.progress(text, sum.jobs - sum.left(), sum.jobs, "jobs");
    shown_ = std::move(text);
  }
}

}  // namespace pecanctl::workflow
