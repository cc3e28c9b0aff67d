// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/replace.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/base/failpoint.hpp"

namespace pecanctl::deployment {
namespace {

// Until told otherwise, leaving this scope ends the new container and starts the old one again. It
// works under its own deadline: the operator's Ctrl-C must not leave the service down.
class PutBack {
 public:
  PutBack(const Awaited& fresh, const engine::Replica& old, engine::Backend& backend,
          Reporter& reporter)
      : fresh_{fresh.id},
        old_{old},
        backend_{backend},
        reporter_{reporter}
  {
  }

  PutBack(const PutBack&) = delete;
  PutBack& operator=(const PutBack&) = delete;

  ~PutBack()
  {
    if (is_armed_) {
      put_back();
    }
  }

  void disarm() { is_armed_ = false; }

 private:
  void put_back() noexcept
  {
    try {
      const auto deadline = Deadline::in(std::chrono::seconds{10});
      backend_.halt(std::vector{fresh_}, std::chrono::seconds{3}, deadline, {});
      backend_.remove(std::vector{fresh_}, deadline, {});
      const auto failures = backend_.start(std::vector{old_.id}, {}, deadline, {});
      const bool is_back = failures.empty() || !failures.front();
      warn(reporter_, is_back ? fmt::format("{} runs again", old_.name)
                              : fmt::format("{} could not be started again: {}", old_.name,
                                            failures.front()->what()));
    } catch (const Error& error) {
      warn(reporter_, fmt::format("{} could not be put back: {}", old_.name, error.what()));
    } catch (const Cancelled&) {
      warn(reporter_, fmt::format("{} could not be put back: interrupted", old_.name));
    }
  }

  std::string fresh_;
  const engine::Replica& old_;
  engine::Backend& backend_;
  Reporter& reporter_;
  bool is_armed_ = true;
};

void replace_beside(const std::vector<Pending>& items, const Bench& bench, Outcome& outcome)
{
  std::map<std::string, Removal> old;
  const auto up = bring_up(items, bench, outcome);
  for (const auto& item : items) {
    if (std::ranges::find(up, &item) != up.end()) {
      auto& removal = old[item.service->name];
      removal.candidates.push_back(*item.action->outdated);
      ++removal.count;
    } else {
      bench.backend.remove(std::vector{item.id}, bench.deadline, bench.stop);
    }
  }
  for (const auto& [service, removal] : old) {
    remove(removal, bench, outcome);
  }
}

void replace_in_place(const Pending& item, const Bench& bench, Outcome& outcome)
{
  const auto failure = replace_stop_first(item.awaited(), *item.action->outdated, bench);
  if (failure) {
    outcome.fail(item.service->name, item.action->name, *failure);
  } else {
    outcome.count(1);
  }
}

}  // namespace

std::optional<Error> replace_stop_first(const Awaited& fresh, const engine::Replica& old,
                                        const Bench& bench)
{
  auto& [identity, backend, probe, options, reporter, deadline, stop] = bench;
  PutBack put_back{fresh, old, backend, reporter};
  Step step{reporter, {.id = old.name, .group = old.service, .action = "replace"}};
  for (const auto& failure :
       backend.halt(std::vector{old.id}, std::chrono::seconds{30}, deadline, stop)) {
    if (failure) {
      return failure;
    }
  }
  failpoint("replace.halted");
  for (const auto& failure : backend.start(std::vector{fresh.id}, {}, deadline, stop)) {
    if (failure) {
      step.set_outcome(StepOutcome::failed);
      return explain_refusal(fresh, *failure);
    }
  }
  failpoint("replace.started");
  const auto failures = wait_ready(std::vector{fresh}, identity, backend, probe,
                                   options.stable_window, reporter, bench.ready_deadline(), stop);
  if (!failures.empty()) {
    step.set_outcome(StepOutcome::failed);
    return failures.begin()->second;
  }
  put_back.disarm();
  failpoint("replace.ready");
  backend.remove(std::vector{old.id}, deadline, stop);
  return std::nullopt;
}

void replace_all(const std::vector<Pending>& items, const Bench& bench, Outcome& outcome)
{
  std::vector<Pending> canaries;
  std::vector<Pending> others;
  std::set<std::string> proven;
  for (const auto& item : items) {
    if (item.service->replacement == stack::Replacement::stop_first) {
      replace_in_place(item, bench, outcome);
    } else {
      (proven.insert(item.service->name).second ? canaries : others).push_back(item);
    }
  }
  replace_beside(canaries, bench, outcome);
  const auto unwanted = std::stable_partition(
      others.begin(), others.end(),
      [&](const Pending& item) { return !outcome.has_failed(item.service->name); });
  for (auto item = unwanted; item != others.end(); ++item) {
    bench.backend.remove(std::vector{item->id}, bench.deadline, bench.stop);
  }
  others.erase(unwanted, others.end());
  replace_beside(others, bench, outcome);
}

void remove(const Removal& removal, const Bench& bench, Outcome& outcome)
{
  const auto removed = carry_out(removal, bench.options.retire, bench.backend, bench.reporter,
                                 bench.deadline, bench.stop);
  failpoint("deploy.removed");
  outcome.count(removed.count);
  for (const auto& [replica, error] : removed.failures) {
    outcome.fail(replica.service, replica.name, error);
  }
}

}  // namespace pecanctl::deployment
