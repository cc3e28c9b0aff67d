// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/apply.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/failpoint.hpp"
#include "core/deployment/outcome.hpp"
#include "core/deployment/removal.hpp"
#include "core/deployment/replace.hpp"

namespace pecanctl::deployment {
namespace {

using engine::Replica;

// An action on its way: the container it is about, once that exists.
struct Pending {
  const Action* action;
  const stack::Service* service;
  std::string id;

  Awaited awaited() const { return {.id = id, .name = action->name, .service = service}; }
};

class Applier {
 public:
  Applier(const Plan& plan, const Desired& desired, std::span<const Task> tasks,
          engine::Backend& backend, const WorkerProbe& probe, const ApplyOptions& options,
          Reporter& reporter, const Deadline& deadline, std::stop_token stop)
      : plan_{plan},
        desired_{desired},
        stack_{*desired.stack},
        tasks_{tasks},
        backend_{backend},
        probe_{probe},
        options_{options},
        reporter_{reporter},
        deadline_{deadline},
        stop_{std::move(stop)},
        identity_{.instance = stack_.name, .owner = stack_.owner}
  {
  }

  int run()
  {
    make_foundations();
    for (const auto& level : stack::dependency_levels(stack_.services)) {
      run_level(able_of(level));
    }
    if (!outcome_.has_failed()) {
      remove_where(
          [&](const Action& action) { return stack_.find_service(action.service) == nullptr; });
    }
    if (!outcome_.has_failed()) {
      remove_volumes();
    }
    return outcome_.finish();
  }

 private:
  // Those of a level that depend on nothing that failed. The others count as failed themselves, so
  // that what depends on them does not start either.
  std::set<std::string> able_of(const std::vector<std::string>& level)
  {
    std::set<std::string> able;
    for (const auto& name : level) {
      const bool is_blocked =
          std::ranges::any_of(stack_.find_service(name)->depends_on,
                              [&](const auto& other) { return outcome_.has_failed(other); });
      is_blocked ? outcome_.block(name) : void(able.insert(name));
    }
    return able;
  }

  // Waits for `awaited`; returns the names of those that did not come up.
  std::set<std::string> await(const std::vector<Awaited>& awaited, std::chrono::milliseconds window,
                              Reporter& reporter)
  {
    const auto failures = wait_ready(awaited, identity_, backend_, probe_, window, reporter,
                                     deadline_.sooner(options_.ready_timeout), stop_);
    std::set<std::string> names;
    for (const auto& item : awaited) {
      if (const auto failure = failures.find(item.name); failure != failures.end()) {
        outcome_.fail(item.service->name, item.name, failure->second);
        names.insert(item.name);
      }
    }
    return names;
  }

  void make_foundations()
  {
    for (const auto& action : plan_.actions) {
      const bool is_network = action.verb == Verb::create_network;
      if (!is_network && action.verb != Verb::create_volume) {
        continue;
      }
      const Step step{
          reporter_,
          {.id = action.name, .group = is_network ? "network" : "volume", .action = "create"}};
      if (is_network) {
        backend_.ensure_network(stack_, deadline_, stop_);
      } else {
        const auto volume = std::ranges::find(stack_.volumes, action.service, &stack::Volume::key);
        backend_.ensure_volume(stack_, *volume, any_image(), deadline_, stop_);
      }
      outcome_.count(1);
      failpoint(is_network ? "deploy.network" : "deploy.volume");
    }
  }

  const engine::Image& any_image() const
  {
    if (desired_.images.empty()) {
      throw Error{{.what = "cannot prepare a volume without any image"}};
    }
    return desired_.images.begin()->second;
  }

  void run_level(const std::set<std::string>& level)
  {
    auto pending = create_missing(level);
    std::vector<Pending> fresh;
    std::vector<Pending> replacing;
    for (auto& item : pending) {
      (item.action->verb == Verb::replace ? replacing : fresh).push_back(std::move(item));
    }
    bring_up(fresh);
    await_unchanged(level);
    replace(replacing);
    remove_where([&](const Action& action) {
      return level.contains(action.service) && !outcome_.has_failed(action.service);
    });
    run_tasks(level);
  }

  // Makes the containers of a level in one batch, and returns all of its actions that end in a
  // running one.
  std::vector<Pending> create_missing(const std::set<std::string>& level)
  {
    std::vector<Pending> pending;
    std::vector<engine::ReplicaOrder> orders;
    std::vector<std::size_t> order_of;
    for (const auto& action : plan_.actions) {
      const bool is_ours = action.verb == Verb::create || action.verb == Verb::start ||
                           action.verb == Verb::resume || action.verb == Verb::replace;
      if (!is_ours || !level.contains(action.service)) {
        continue;
      }
      const auto* service = stack_.find_service(action.service);
      pending.push_back({&action, service, action.id});
      if (action.id.empty()) {
        orders.push_back({service, action.number, desired_.images.at(service->name)});
        order_of.push_back(pending.size() - 1);
      }
    }
    if (orders.empty()) {
      return pending;
    }
    write_files(orders);
    failpoint("deploy.before_create");
    const auto created = backend_.create(stack_, plan_.revision, orders, deadline_, stop_);
    failpoint("deploy.created");
    for (std::size_t i = 0; i < created.size(); ++i) {
      auto& item = pending[order_of[i]];
      item.id = created[i].id;
      if (created[i].error) {
        outcome_.fail(item.service->name, item.action->name, *created[i].error);
      }
    }
    std::erase_if(pending, [](const Pending& item) { return item.id.empty(); });
    return pending;
  }

  // Containers that stay share their files with the new ones, and prove that those are as wanted.
  void write_files(std::span<const engine::ReplicaOrder> orders)
  {
    std::set<const stack::Service*> done;
    for (const auto& order : orders) {
      const bool is_shared = plan_.unchanged.contains(order.service->name) &&
                             !plan_.outdated.contains(order.service->name);
      if (!order.service->files.empty() && !is_shared && done.insert(order.service).second) {
        backend_.write_files(stack_, *order.service, order.image, deadline_, stop_);
        failpoint("deploy.files");
      }
    }
  }

  // Starts containers side by side and waits for them. Returns those that came up.
  std::vector<const Pending*> bring_up(const std::vector<Pending>& items)
  {
    if (items.empty()) {
      return {};
    }
    auto awaited = start(items);
    failpoint("deploy.started");
    const auto failed = await(awaited, options_.stable_window, reporter_);
    failpoint("deploy.ready");
    std::erase_if(awaited, [&](const Awaited& item) { return failed.contains(item.name); });
    outcome_.count(static_cast<int>(awaited.size()));
    std::vector<const Pending*> up;
    for (const auto& item : items) {
      if (std::ranges::find(awaited, item.id, &Awaited::id) != awaited.end()) {
        up.push_back(&item);
      }
    }
    return up;
  }

  // Returns those that have to prove themselves now.
  std::vector<Awaited> start(const std::vector<Pending>& items)
  {
    std::vector<const Pending*> sleeping;
    std::vector<const Pending*> frozen;
    for (const auto& item : items) {
      (item.action->verb == Verb::resume ? frozen : sleeping).push_back(&item);
    }
    std::vector<Awaited> awaited;
    collect(frozen, backend_.thaw(ids_of(frozen), deadline_, stop_), awaited);
    collect(sleeping, backend_.start(ids_of(sleeping), {}, deadline_, stop_), awaited);
    return awaited;
  }

  static std::vector<std::string> ids_of(const std::vector<const Pending*>& items)
  {
    std::vector<std::string> ids(items.size());
    std::ranges::transform(items, ids.begin(), &Pending::id);
    return ids;
  }

  void collect(const std::vector<const Pending*>& items, const engine::Failures& failures,
               std::vector<Awaited>& awaited)
  {
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (failures[i]) {
        drop_unstarted(*items[i], *failures[i]);
      } else {
        awaited.push_back(items[i]->awaited());
      }
    }
  }

  // A container that could not even start (its port is taken, say) is not left behind.
  void drop_unstarted(const Pending& item, const Error& error)
  {
    outcome_.fail(item.service->name, item.action->name, explain_refusal(item.awaited(), error));
    if (item.action->verb == Verb::create) {
      backend_.remove(std::vector{item.id}, deadline_, stop_);
    }
  }

  // What stays as it is must be up too: a deploy that says "done" has looked.
  void await_unchanged(const std::set<std::string>& level)
  {
    std::vector<Awaited> awaited;
    for (const auto& replica : plan_.kept) {
      if (level.contains(replica.service)) {
        awaited.push_back({.id = replica.id,
                           .name = replica.name,
                           .service = stack_.find_service(replica.service)});
      }
    }
    SilentReporter silent;
    await(awaited, std::chrono::milliseconds{0}, silent);
  }

  void replace(const std::vector<Pending>& items)
  {
    std::vector<Pending> others;
    std::set<std::string> proven;
    for (const auto& item : items) {
      if (item.service->replacement == stack::Replacement::stop_first) {
        replace_in_place(item);
      } else if (proven.insert(item.service->name).second) {
        replace_beside({item});  // the first one is the canary
      } else {
        others.push_back(item);
      }
    }
    const auto unwanted = std::stable_partition(
        others.begin(), others.end(),
        [&](const Pending& item) { return !outcome_.has_failed(item.service->name); });
    for (auto item = unwanted; item != others.end(); ++item) {
      backend_.remove(std::vector{item->id}, deadline_, stop_);
    }
    others.erase(unwanted, others.end());
    replace_beside(others);
  }

  void replace_beside(const std::vector<Pending>& items)
  {
    std::map<std::string, Removal> old;
    const auto up = bring_up(items);
    for (const auto& item : items) {
      if (std::ranges::find(up, &item) != up.end()) {
        auto& removal = old[item.service->name];
        removal.candidates.push_back(*item.action->outdated);
        ++removal.count;
      } else {
        backend_.remove(std::vector{item.id}, deadline_, stop_);
      }
    }
    for (const auto& [service, removal] : old) {
      remove(removal);
    }
  }

  void replace_in_place(const Pending& item)
  {
    auto failure = replace_stop_first(item.awaited(), *item.action->outdated, identity_, backend_,
                                      probe_, options_, reporter_, deadline_, stop_);
    if (failure) {
      outcome_.fail(item.service->name, item.action->name, *failure);
    } else {
      outcome_.count(1);
    }
  }

  template <typename Predicate>
  void remove_where(Predicate predicate)
  {
    std::vector<Action> removals;
    std::ranges::copy_if(plan_.actions, std::back_inserter(removals), [&](const Action& action) {
      return action.verb == Verb::remove && predicate(action);
    });
    if (removals.empty()) {
      return;
    }
    const auto replicas = backend_.list_replicas(identity_, deadline_, stop_);
    for (const auto& removal : choose_removals(removals, replicas)) {
      remove(removal);
    }
  }

  void remove(const Removal& removal)
  {
    const auto removed = carry_out(removal, options_.retire, backend_, reporter_, deadline_, stop_);
    failpoint("deploy.removed");
    outcome_.count(removed.count);
    for (const auto& [replica, error] : removed.failures) {
      outcome_.fail(replica.service, replica.name, error);
    }
  }

  // Only now: until everything proved itself, an old version may have to run again.
  void remove_volumes()
  {
    for (const auto& action : plan_.actions) {
      if (action.verb == Verb::remove_volume) {
        backend_.remove_volume({.name = action.name, .key = action.service}, deadline_, stop_);
        outcome_.count(1);
      }
    }
  }

  void run_tasks(const std::set<std::string>& level)
  {
    for (const auto& task : tasks_) {
      if (!level.contains(task.after) || outcome_.has_failed(task.after)) {
        continue;
      }
      try {
        run_task(task);
      } catch (const Error& error) {
        outcome_.fail(task.after, task.id, error);
      }
    }
  }

  void run_task(const Task& task)
  {
    if (task.is_done(deadline_, stop_)) {
      return;
    }
    const Step step{reporter_, {.id = task.id, .group = task.after, .action = "set up"}};
    task.perform(deadline_, stop_);
    outcome_.count(1);
    failpoint("deploy.task");
  }

  const Plan& plan_;
  const Desired& desired_;
  const stack::Stack& stack_;
  std::span<const Task> tasks_;
  engine::Backend& backend_;
  const WorkerProbe& probe_;
  const ApplyOptions& options_;
  Reporter& reporter_;
  const Deadline& deadline_;
  std::stop_token stop_;
  engine::Identity identity_;
  Outcome outcome_;
};

}  // namespace

int apply_deploy(const Plan& plan, const Desired& desired, std::span<const Task> tasks,
                 engine::Backend& backend, const WorkerProbe& probe, const ApplyOptions& options,
                 Reporter& reporter, const Deadline& deadline, std::stop_token stop)
{
  return Applier{plan, desired, tasks, backend, probe, options, reporter, deadline, std::move(stop)}
      .run();
}

}  // namespace pecanctl::deployment
