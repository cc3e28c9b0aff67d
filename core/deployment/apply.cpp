// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/apply.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/failpoint.hpp"
#include "core/deployment/bring_up.hpp"
#include "core/deployment/removal.hpp"
#include "core/deployment/replace.hpp"
#include "core/deployment/stage.hpp"

namespace pecanctl::deployment {
namespace {

using engine::Replica;

class Applier {
 public:
  Applier(const Deployment& deployment, engine::Backend& backend, Reporter& reporter,
          const Deadline& deadline, std::stop_token stop)
      : plan_{deployment.plan},
        desired_{deployment.desired},
        stack_{*desired_.stack},
        tasks_{deployment.tasks},
        options_{deployment.options},
        backend_{backend},
        reporter_{reporter},
        deadline_{deadline},
        stop_{std::move(stop)},
        bench_{.identity = {.instance = stack_.name, .owner = stack_.owner},
               .backend = backend,
               .probe = deployment.probe,
               .options = options_,
               .reporter = reporter,
               .deadline = deadline,
               .stop = stop_}
  {
  }

  int run()
  {
    make_foundations();
    run_external_tasks();
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
    bring_up(fresh, bench_, outcome_);
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
    std::set<std::string> services;
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
        services.insert(service->name);
      }
    }
    if (orders.empty()) {
      return pending;
    }
    const Stage stage{reporter_, services, "create"};
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
    await_kept(awaited, bench_, outcome_);
  }

  void replace(const std::vector<Pending>& items)
  {
    std::vector<Pending> canaries;  // the first of each service; those prove themselves together
    std::vector<Pending> others;
    std::set<std::string> proven;
    for (const auto& item : items) {
      if (item.service->replacement == stack::Replacement::stop_first) {
        replace_in_place(item);
      } else {
        (proven.insert(item.service->name).second ? canaries : others).push_back(item);
      }
    }
    replace_beside(canaries);
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
    const auto up = bring_up(items, bench_, outcome_);
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
    const auto failure = replace_stop_first(item.awaited(), *item.action->outdated, bench_);
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
    const auto replicas = backend_.list_replicas(bench_.identity, deadline_, stop_);
    for (const auto& removal : choose_removals(removals, replicas)) {
      if (!is_in_use(removal.candidates.front())) {
        remove(removal);
      }
    }
  }

  // The network of workers that still run a job stays with them.
  bool is_in_use(const engine::Replica& holder)
  {
    if (!holder.is_holder) {
      return false;
    }
    const auto replicas = backend_.list_replicas(bench_.identity, deadline_, stop_);
    const auto member = std::ranges::find(replicas, holder.id, &engine::Replica::joined);
    if (member == replicas.end()) {
      return false;
    }
    outcome_.fail(holder.service, holder.name,
                  Error{{.code = ErrorCode::timeout,
                         .what = fmt::format("{} is the network of {}, which still runs a job",
                                             holder.name, member->name),
                         .hint = "repeat the command later"}});
    return true;
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

  // What runs elsewhere is there already.
  void run_external_tasks()
  {
    std::set<std::string> externals;
    for (const auto& external : stack_.externals) {
      externals.insert(external.service);
    }
    run_tasks(externals);
    if (outcome_.has_failed()) {
      outcome_.finish();  // throws
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
  const ApplyOptions& options_;
  engine::Backend& backend_;
  Reporter& reporter_;
  const Deadline& deadline_;
  std::stop_token stop_;
  Bench bench_;
  Outcome outcome_;
};

}  // namespace

int apply_deploy(const Deployment& deployment, engine::Backend& backend, Reporter& reporter,
                 const Deadline& deadline, std::stop_token stop)
{
  return Applier{deployment, backend, reporter, deadline, std::move(stop)}.run();
}

}  // namespace pecanctl::deployment
