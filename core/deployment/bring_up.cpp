// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/bring_up.hpp"

#include <algorithm>
#include <span>

#include "core/base/failpoint.hpp"
#include "core/deployment/stage.hpp"

namespace pecanctl::deployment {
namespace {

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

// Containers that stay share their files with the new ones, and prove that those are as wanted.
void write_files(std::span<const engine::ReplicaOrder> orders, const Deployment& deployment,
                 const Bench& bench)
{
  const auto& plan = deployment.plan;
  std::set<const stack::Service*> done;
  for (const auto& order : orders) {
    const bool is_shared = plan.unchanged.contains(order.service->name) &&
                           !plan.outdated.contains(order.service->name);
    if (!order.service->files.empty() && !is_shared && done.insert(order.service).second) {
      bench.backend.write_files(*deployment.desired.stack, *order.service, order.image,
                                bench.deadline, bench.stop);
      failpoint("deploy.files");
    }
  }
}

// Whether it ends in a container that runs.
bool is_about_running(Verb verb)
{
  return verb == Verb::create || verb == Verb::start || verb == Verb::resume ||
         verb == Verb::replace;
}

}  // namespace

std::vector<Pending> create_missing(const std::set<std::string>& services,
                                    const Deployment& deployment, const Bench& bench,
                                    Outcome& outcome)
{
  std::vector<Pending> pending;
  std::vector<engine::ReplicaOrder> orders;
  std::vector<std::size_t> order_of;
  std::set<std::string> names;
  for (const auto& action : deployment.plan.actions) {
    if (!is_about_running(action.verb) || !services.contains(action.service)) {
      continue;
    }
    const auto* service = deployment.desired.stack->find_service(action.service);
    pending.push_back({&action, service, action.id});
    if (action.id.empty()) {
      orders.push_back({service, action.number, deployment.desired.images.at(service->name)});
      order_of.push_back(pending.size() - 1);
      names.insert(service->name);
    }
  }
  if (orders.empty()) {
    return pending;
  }
  const Stage stage{bench.reporter, names, "create"};
  write_files(orders, deployment, bench);
  failpoint("deploy.before_create");
  const auto created = bench.backend.create(*deployment.desired.stack, deployment.plan.revision,
                                            orders, bench.deadline, bench.stop);
  failpoint("deploy.created");
  for (std::size_t i = 0; i < created.size(); ++i) {
    auto& item = pending[order_of[i]];
    item.id = created[i].id;
    if (created[i].error) {
      outcome.fail(item.service->name, item.action->name, *created[i].error);
    }
  }
  std::erase_if(pending, [](const Pending& item) { return item.id.empty(); });
  return pending;
}

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
  failpoint("deploy.started");
  return awaited;
}

std::vector<const Pending*> bring_up(const std::vector<Pending>& items, const Bench& bench,
                                     Outcome& outcome)
{
  if (items.empty()) {
    return {};
  }
  auto awaited = start(items, bench, outcome);
  const auto failures =
      wait_ready(awaited, bench.identity, bench.backend, bench.probe, bench.options.stable_window,
                 bench.reporter, bench.ready_deadline(), bench.stop);
  failpoint("deploy.ready");
  for (const auto& item : awaited) {
    if (const auto failure = failures.find(item.name); failure != failures.end()) {
      outcome.fail(item.service->name, item.name, failure->second);
    }
  }
  std::erase_if(awaited, [&](const Awaited& item) { return failures.contains(item.name); });
  outcome.count(static_cast<int>(awaited.size()));
  std::vector<const Pending*> up;
  for (const auto& item : items) {
    if (std::ranges::find(awaited, item.id, &Awaited::id) != awaited.end()) {
      up.push_back(&item);
    }
  }
  return up;
}

}  // namespace pecanctl::deployment
