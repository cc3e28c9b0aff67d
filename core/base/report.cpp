// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/report.hpp"

#include <exception>
#include <utility>

namespace pecanctl {

Step::Step(Reporter& reporter, StepStarted started)
    : reporter_{reporter},
      id_{started.id},
      exceptions_{std::uncaught_exceptions()},
      started_{std::chrono::steady_clock::now()}
{
  reporter_.on(std::move(started));
}

Step::~Step()
{
  const bool is_failing = std::uncaught_exceptions() > exceptions_;
  const auto elapsed = std::chrono::steady_clock::now() - started_;
  reporter_.on(StepFinished{
      .id = std::move(id_),
      .outcome = is_failing && outcome_ == StepOutcome::done ? StepOutcome::failed : outcome_,
      .detail = std::move(detail_),
      .elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed),
      .trail = std::move(trail_)});
}

void Step::progress(std::string state, std::uint64_t current, std::uint64_t total,
                    std::string unit) const
{
  reporter_.on(StepProgress{.id = id_,
                            .state = std::move(state),
                            .current = current,
                            .total = total,
                            .unit = std::move(unit)});
}

void note(Reporter& reporter, std::string text)
{
  reporter.on(Note{.level = NoteLevel::info, .text = std::move(text)});
}

void warn(Reporter& reporter, std::string text)
{
  reporter.on(Note{.level = NoteLevel::warning, .text = std::move(text)});
}

void debug(Reporter& reporter, std::string text)
{
  reporter.on(Note{.level = NoteLevel::debug, .text = std::move(text)});
}

}  // namespace pecanctl
