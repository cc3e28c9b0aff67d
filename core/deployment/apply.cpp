// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/apply.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/failpoint.hpp"
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
      run_level(level);
      if (!failures_.empty()) {
        break;  // what comes next depends on it
      }
    }
    if (failures_.empty()) {
      remove_where(
          [&](const Action& action) { return stack_.find_service(action.service) == nullptr; });
    }
    finish();
    return changes_;
  }

 private:
  void make_foundations()
  {
    for (const auto& action : plan_.actions) {
      if (action.verb == Verb::create_network) {
        const Step step{reporter_, {.id = action.name, .group = "network", .action = "create"}};
        backend_.ensure_network(stack_, deadline_, stop_);
        ++changes_;
        failpoint("deploy.network");
      }
      if (action.verb == Verb::create_volume) {
        const auto volume = std::ranges::find(stack_.volumes, action.service, &stack::Volume::key);
        const Step step{reporter_, {.id = action.name, .group = "volume", .action = "create"}};
        backend_.ensure_volume(stack_, *volume, any_image(), deadline_, stop_);
        ++changes_;
        failpoint("deploy.volume");
      }
    }
  }

  const engine::Image& any_image() const
  {
    if (desired_.images.empty()) {
      throw Error{
          {.code = ErrorCode::internal, .what = "cannot prepare a volume without any image"}};
    }
    return desired_.images.begin()->second;
  }

  void run_level(const std::vector<std::string>& names)
  {
    const std::set<std::string> level{names.begin(), names.end()};
    auto pending = create_missing(level);
    std::vector<Pending> fresh;
    std::vector<Pending> replacing;
    for (auto& item : pending) {
      (item.action->verb == Verb::replace ? replacing : fresh).push_back(std::move(item));
    }
    bring_up(fresh);
    await_unchanged(level);
    replace(replacing);
    remove_where([&](const Action& action) { return level.contains(action.service); });
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
    write_files(orders);
    failpoint("deploy.before_create");
    const auto created = backend_.create(stack_, plan_.revision, orders, deadline_, stop_);
    failpoint("deploy.created");
    for (std::size_t i = 0; i < created.size(); ++i) {
      auto& item = pending[order_of[i]];
      item.id = created[i].id;
      if (created[i].error) {
        failures_.insert_or_assign(item.action->name, *created[i].error);
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
      const bool is_shared = plan_.unchanged.contains(order.service->name);
      if (!order.service->files.empty() && !is_shared && done.insert(order.service).second) {
        backend_.write_files(stack_, *order.service, order.image, deadline_, stop_);
        failpoint("deploy.files");
      }
    }
  }

  // Starts containers side by side and waits for them. Returns those that came up.
  std::vector<const Pending*> bring_up(const std::vector<Pending>& items)
  {
    std::vector<std::string> sleeping;
    std::vector<std::string> frozen;
    for (const auto& item : items) {
      (item.action->verb == Verb::resume ? frozen : sleeping).push_back(item.id);
    }
    backend_.thaw(frozen, deadline_, stop_);
    const auto results = backend_.start(sleeping, {}, deadline_, stop_);
    failpoint("deploy.started");
    std::vector<Awaited> awaited;
    for (const auto& item : items) {
      const auto position = std::ranges::find(sleeping, item.id) - sleeping.begin();
      const auto index = static_cast<std::size_t>(position);
      if (index < results.size() && results[index]) {
        drop_unstarted(item, *results[index]);
      } else {
        awaited.push_back(item.awaited());
      }
    }
    auto failed = wait_ready(awaited, identity_, backend_, probe_, options_.stable_window,
                             reporter_, deadline_.sooner(options_.ready_timeout), stop_);
    failpoint("deploy.ready");
    std::vector<const Pending*> up;
    for (const auto& item : items) {
      if (!failed.contains(item.action->name) && !failures_.contains(item.action->name)) {
        up.push_back(&item);
        ++changes_;
      }
    }
    failures_.merge(failed);
    return up;
  }

  // A container that could not even start (its port is taken, say) is not left behind.
  void drop_unstarted(const Pending& item, const Error& error)
  {
    failures_.insert_or_assign(item.action->name, explain_refusal(item.awaited(), error));
    if (item.action->verb == Verb::create) {
      backend_.remove(std::vector{item.id}, deadline_, stop_);
    }
  }

  // What stays as it is must be up too: a deploy that says "done" has looked.
  void await_unchanged(const std::set<std::string>& level)
  {
    std::vector<Awaited> awaited;
    std::set<std::string> acted_on;
    for (const auto& action : plan_.actions) {
      acted_on.insert(action.id);
      acted_on.insert(action.outdated ? action.outdated->id : std::string{});
    }
    const auto observed = backend_.observe(identity_, deadline_, stop_);
    for (const auto& replica : observed.replicas) {
      const auto* service = stack_.find_service(replica.service);
      const bool is_kept = level.contains(replica.service) &&
                           plan_.unchanged.contains(replica.service) &&
                           !acted_on.contains(replica.id) && replica.revision <= plan_.revision;
      if (service != nullptr && is_kept) {
        awaited.push_back({.id = replica.id, .name = replica.name, .service = service});
      }
    }
    SilentReporter silent;
    failures_.merge(wait_ready(awaited, identity_, backend_, probe_, std::chrono::milliseconds{0},
                               silent, deadline_.sooner(options_.ready_timeout), stop_));
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
    std::erase_if(others, [&](const Pending& item) {
      return std::ranges::any_of(items, [&](const Pending& canary) {
        return canary.service == item.service && failures_.contains(canary.action->name);
      });
    });
    replace_beside(others);
  }

  void replace_beside(const std::vector<Pending>& items)
  {
    std::vector<Replica> old;
    const auto up = bring_up(items);
    for (const auto& item : items) {
      if (std::ranges::find(up, &item) != up.end()) {
        old.push_back(*item.action->outdated);
      } else {
        backend_.remove(std::vector{item.id}, deadline_, stop_);
      }
    }
    retire(old);
  }

  void replace_in_place(const Pending& item)
  {
    auto failure = replace_stop_first(item.awaited(), *item.action->outdated, identity_, backend_,
                                      probe_, options_, reporter_, deadline_, stop_);
    if (failure) {
      failures_.insert_or_assign(item.action->name, *failure);
    } else {
      ++changes_;
    }
  }

  template <typename Predicate>
  void remove_where(Predicate predicate)
  {
    std::vector<Replica> surplus;
    std::map<std::string, Replica> known;
    for (auto& replica : backend_.observe(identity_, deadline_, stop_).replicas) {
      known.insert_or_assign(replica.id, replica);
    }
    for (const auto& action : plan_.actions) {
      if (action.verb == Verb::remove && predicate(action) && known.contains(action.id)) {
        surplus.push_back(known.at(action.id));
      }
    }
    retire(surplus);
  }

  // Workers leave when idle; other services are stopped.
  void retire(const std::vector<Replica>& replicas)
  {
    std::map<std::string, std::vector<Replica>> workers;
    std::vector<std::string> services;
    for (const auto& replica : replicas) {
      if (replica.is_worker) {
        workers[replica.service].push_back(replica);
      } else {
        services.push_back(replica.id);
      }
    }
    for (const auto& [service, members] : workers) {
      const auto result =
          engine::retire(members, members.size(), options_.retire, backend_, reporter_, stop_);
      changes_ += static_cast<int>(result.removed.size());
      for (const auto& id : result.busy) {
        const auto member = std::ranges::find(members, id, &Replica::id);
        failures_.insert_or_assign(
            member->name,
            Error{{.code = ErrorCode::timeout,
                   .what = fmt::format("{} still runs a job", member->name),
                   .hint = "repeat the command later, or add --now to cut the job off"}});
      }
    }
    backend_.halt(services, std::chrono::seconds{10}, deadline_, stop_);
    backend_.remove(services, deadline_, stop_);
    changes_ += static_cast<int>(services.size());
    failpoint("deploy.removed");
  }

  void run_tasks(const std::set<std::string>& level)
  {
    for (const auto& task : tasks_) {
      if (!level.contains(task.after) || !failures_.empty() || task.is_done(deadline_, stop_)) {
        continue;
      }
      const Step step{reporter_, {.id = task.id, .group = task.after, .action = "set up"}};
      task.perform(deadline_, stop_);
      ++changes_;
      failpoint("deploy.task");
    }
  }

  void finish() const
  {
    if (failures_.empty()) {
      return;
    }
    const auto& [name, first] = *failures_.begin();
    auto info = first.info();
    for (const auto& [other, error] : failures_) {
      if (other != name) {
        info.why += fmt::format("\nalso: {}", error.what());
      }
    }
    if (changes_ > 0 && info.code != ErrorCode::timeout) {
      info.code = ErrorCode::partial;
    }
    throw Error{std::move(info)};
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
  std::map<std::string, Error> failures_;
  int changes_ = 0;
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
