// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/progress_view.hpp"

#include <algorithm>

namespace pecanctl::cli::output {
namespace {

constexpr std::chrono::seconds k_window{10};
constexpr std::chrono::milliseconds k_sample_gap{500};
constexpr std::chrono::seconds k_longest_left{100 * 3600};

double seconds_between(ViewTime from, ViewTime to)
{
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

void RateMeter::add(std::uint64_t current, std::uint64_t total, ViewTime now)
{
  if (current < current_) {
    samples_.clear();  // another count began
  }
  current_ = current;
  total_ = total;
  if (samples_.empty() || now - samples_.back().at >= k_sample_gap) {
    samples_.push_back({current, now});
  }
  while (samples_.size() > 2 && now - samples_[1].at >= k_window) {
    samples_.pop_front();
  }
}

std::optional<double> RateMeter::per_second(ViewTime now) const
{
  if (samples_.empty() || current_ == samples_.front().current ||
      now - samples_.front().at < k_sample_gap) {
    return std::nullopt;
  }
  return static_cast<double>(current_ - samples_.front().current) /
         seconds_between(samples_.front().at, now);
}

std::optional<std::chrono::seconds> RateMeter::time_left(ViewTime now) const
{
  const auto rate = per_second(now);
  if (!rate || total_ <= current_) {
    return std::nullopt;
  }
  const std::chrono::duration<double> left{static_cast<double>(total_ - current_) / *rate};
  return left > k_longest_left ? std::nullopt
                               : std::optional{std::chrono::ceil<std::chrono::seconds>(left)};
}

bool GroupView::is_open() const
{
  return std::ranges::any_of(steps,
                             [](const StepView& step) { return step.state == StepState::open; });
}

bool GroupView::has_failed() const
{
  return std::ranges::any_of(steps,
                             [](const StepView& step) { return step.state == StepState::failed; });
}

StepView* ProgressView::find(const std::string& id)
{
  const auto found = step_index_.find(id);
  return found == step_index_.end() ? nullptr
                                    : &groups_[found->second.first].steps[found->second.second];
}

void ProgressView::on(const StepStarted& event, ViewTime now)
{
  if (auto* const known = find(event.id)) {
    // The same thing goes on: created, then waited for.
    known->action = event.action;
    known->state = StepState::open;
    known->waits_for = event.detail;
    known->total = 0;
    known->detail.clear();
    known->trail.clear();
    return;
  }
  const auto& name = event.group.empty() ? event.id : event.group;
  const auto [entry, is_new] = group_index_.try_emplace(name, groups_.size());
  if (is_new) {
    groups_.push_back({.name = name});
  }
  auto& steps = groups_[entry->second].steps;
  step_index_.emplace(event.id, std::pair{entry->second, steps.size()});
  steps.push_back(
      {.id = event.id, .action = event.action, .waits_for = event.detail, .began = now});
}

void ProgressView::on(const StepProgress& event, ViewTime now)
{
  auto* const step = find(event.id);
  if (step == nullptr || step->state != StepState::open) {
    return;
  }
  step->waits_for = event.state;
  step->current = std::min(event.current, event.total);
  step->total = event.total;
  step->unit = event.unit;
  if (event.total > 0) {
    step->rate.add(step->current, step->total, now);
  }
}

void ProgressView::on(const StepFinished& event, ViewTime now, bool is_stopping)
{
  auto* const step = find(event.id);
  if (step == nullptr) {
    return;
  }
  // One step may stand around another of the same name: what the inner one said stays.
  step->detail = event.detail.empty() ? step->detail : event.detail;
  step->trail = event.trail.empty() ? step->trail : event.trail;
  step->ended = now;
  switch (event.outcome) {
    case StepOutcome::done:
      step->state = StepState::done;
      break;
    case StepOutcome::skipped:
      step->state = StepState::skipped;
      break;
    case StepOutcome::failed:
      step->state =
          is_stopping && event.detail.empty() ? StepState::interrupted : StepState::failed;
      break;
  }
}

bool ProgressView::is_open() const
{
  return std::ranges::any_of(groups_, &GroupView::is_open);
}

}  // namespace pecanctl::cli::output
