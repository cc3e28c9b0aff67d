// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/bring_up.hpp"

#include <algorithm>
#include <set>

#include "core/base/failpoint.hpp"
#include "core/deployment/stage.hpp"

namespace pecanctl::deployment {
namespace {

// Returns the names of those that did not come up.
std::set<std::string> await(const std::vector<Awaited>& awaited, std::chrono::milliseconds window,
                            Reporter& reporter, const Bench& bench, Outcome& outcome)
{
  const auto failures = wait_ready(awaited, bench.identity, bench.backend, bench.probe, window,
                                   reporter, bench.ready_deadline(), bench.stop);
  std::set<std::string> names;
  for (const auto& item : awaited) {
    if (const auto failure = failures.find(item.name); failure != failures.end()) {
      outcome.fail(item.service->name, item.name, failure->second);
      names.insert(item.name);
    }
  }
  return names;
}

void drop_unstarted(const Pending& item, const Error& error, const Bench& bench, Outcome& outcome)
{
  outcome.fail(item.service->name, item.action->name, explain_refusal(item.awaited(), error));
  if (item.action->verb == Verb::create) {
    bench.backend.remove(std::vector{item.id}, bench.deadline, bench.stop);
  }
}

std::vector<std::string> ids_of(const std::vector<const Pending*>& items)
{
  std::vector<std::string> ids(items.size());
  std::ranges::transform(items, ids.begin(), &Pending::id);
  return ids;
}

// Returns those that have to prove themselves now.
std::vector<Awaited> start(const std::vector<Pending>& items, const Bench& bench, Outcome& outcome)
{
  std::vector<const Pending*> sleeping;
  std::vector<const Pending*> frozen;
  std::set<std::string> services;
  for (const auto& item : items) {
    services.insert(item.service->name);
    (item.action->verb == Verb::resume ? frozen : sleeping).push_back(&item);
  }
  const Stage stage{bench.reporter, services, "start"};
  std::vector<Awaited> awaited;
  const auto collect = [&](const auto& some, const engine::Failures& failures) {
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (failures[i]) {
        drop_unstarted(*some[i], *failures[i], bench, outcome);
      } else {
        awaited.push_back(some[i]->awaited());
      }
    }
  };
  collect(frozen, bench.backend.thaw(ids_of(frozen), bench.deadline, bench.stop));
  collect(sleeping, bench.backend.start(ids_of(sleeping), {}, bench.deadline, bench.stop));
  return awaited;
}

}  // namespace

std::vector<const Pending*> bring_up(const std::vector<Pending>& items, const Bench& bench,
                                     Outcome& outcome)
{
  if (items.empty()) {
    return {};
  }
  auto awaited = start(items, bench, outcome);
  failpoint("deploy.started");
  const auto failed = await(awaited, bench.options.stable_window, bench.reporter, bench, outcome);
  failpoint("deploy.ready");
  std::erase_if(awaited, [&](const Awaited& item) { return failed.contains(item.name); });
  outcome.count(static_cast<int>(awaited.size()));
  std::vector<const Pending*> up;
  for (const auto& item : items) {
    if (std::ranges::find(awaited, item.id, &Awaited::id) != awaited.end()) {
      up.push_back(&item);
    }
  }
  return up;
}

void await_kept(const std::vector<Awaited>& awaited, const Bench& bench, Outcome& outcome)
{
  SilentReporter silent;
  await(awaited, std::chrono::milliseconds{0}, silent, bench, outcome);
}

}  // namespace pecanctl::deployment
