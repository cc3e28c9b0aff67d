// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/apply.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/failpoint.hpp"
#include "core/deployment/bring_up.hpp"
#include "core/deployment/removal.hpp"
#include "core/deployment/replace.hpp"

namespace pecanctl::deployment {
namespace {

using engine::Replica;

// How far a service is whose turn has come.
struct Progress {
  std::size_t unready = 0;   // containers that were not ready yet
  std::size_t unproven = 0;  // containers that are still watched
  bool is_trimmed = false;   // what it had too much is gone
};

class Applier {
 public:
  Applier(const Deployment& deployment, engine::Backend& backend, Reporter& reporter,
          const Deadline& deadline, std::stop_token stop)
      : deployment_{deployment},
        plan_{deployment.plan},
        stack_{*deployment.desired.stack},
        backend_{backend},
        reporter_{reporter},
        deadline_{deadline},
        stop_{std::move(stop)},
        bench_{.identity = {.instance = stack_.name, .owner = stack_.owner},
               .backend = backend,
               .probe = deployment.probe,
               .options = deployment.options,
               .reporter = reporter,
               .deadline = deadline,
               .stop = stop_},
        vigil_{bench_.identity, backend, bench_.probe}
  {
  }

  int run()
  {
    make_foundations();
    run_external_tasks();
    bring_services_up();
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
  // Each service begins when those that it depends on are ready and their tasks done. That they
  // stay ready is proved meanwhile.
  void bring_services_up()
  {
    for (const auto& level : stack::dependency_levels(stack_.services)) {
      left_.insert(left_.end(), level.begin(), level.end());
    }
    for (bool has_begun = begin_able(); has_begun || !vigil_.is_empty(); has_begun = begin_able()) {
      take_note(look(has_begun));
      if (!vigil_.is_empty()) {
        pause_for(k_look_pause, deadline_, stop_);
      }
    }
  }

  // What the plan was made from is what there is while nothing was done: one look at each service
  // needs no other. A second one does.
  Looked look(bool is_first)
  {
    const bool is_known = is_first && fresh_.empty() && !outcome_.has_changed();
    return is_known && !deployment_.seen.empty() ? vigil_.look(deployment_.seen, stop_)
                                                 : vigil_.look(stop_);
  }

  // Begins all that can. Returns whether anything did.
  bool begin_able()
  {
    bool has_begun = false;
    for (auto able = take_able(); !able.empty(); able = take_able()) {
      begin(able);
      has_begun = true;
    }
    return has_begun;
  }

  // Those whose turn has come. What depends on a service that failed counts as failed itself, so
  // that what depends on that does not start either.
  std::set<std::string> take_able()
  {
    std::set<std::string> able;
    std::erase_if(left_, [&](const std::string& name) {
      const auto& needed = stack_.find_service(name)->depends_on;
      if (std::ranges::any_of(needed, [&](const auto& one) { return outcome_.has_failed(one); })) {
        outcome_.block(name);
        return true;
      }
      const bool is_able =
          std::ranges::all_of(needed, [&](const auto& one) { return ready_.contains(one); });
      return is_able && able.insert(name).second;
    });
    return able;
  }

  void begin(const std::set<std::string>& services)
  {
    std::vector<Pending> fresh;
    std::vector<Pending> replacing;
    for (auto& item : create_missing(services, deployment_, bench_, outcome_)) {
      (item.action->verb == Verb::replace ? replacing : fresh).push_back(std::move(item));
    }
    if (!fresh.empty()) {
      for (const auto& item : start(fresh, bench_, outcome_)) {
        fresh_.insert(item.id);
        watch(item, bench_.options.stable_window, reporter_);
      }
    }
    watch_kept(services);
    replace_all(replacing, bench_, outcome_);
    for (const auto& name : services) {
      note_ready(name);
      note_proven(name);
    }
  }

  void watch(const Awaited& item, std::chrono::milliseconds window, Reporter& reporter)
  {
    vigil_.add(item, window, bench_.ready_deadline(), reporter);
    auto& progress = progress_[item.service->name];
    ++progress.unready;
    ++progress.unproven;
  }

  // What stays as it is must be up too: a deploy that says "done" has looked.
  void watch_kept(const std::set<std::string>& services)
  {
    for (const auto& replica : plan_.kept) {
      if (services.contains(replica.service)) {
        watch({.id = replica.id,
               .name = replica.name,
               .service = stack_.find_service(replica.service)},
              std::chrono::milliseconds{0}, silent_);
      }
    }
  }

  void take_note(const Looked& looked)
  {
    for (const auto& [item, error] : looked.failed) {
      outcome_.fail(item.service->name, item.name, error);
      --progress_[item.service->name].unproven;
    }
    for (const auto& item : looked.ready) {
      --progress_[item.service->name].unready;
    }
    for (const auto& item : looked.proven) {
      --progress_[item.service->name].unproven;
      outcome_.count(fresh_.contains(item.id) ? 1 : 0);
    }
    if (!looked.proven.empty()) {
      failpoint("deploy.ready");
    }
    for (const auto& item : looked.ready) {
      note_ready(item.service->name);
    }
    for (const auto& item : looked.proven) {
      note_proven(item.service->name);
    }
  }

  // What waits for the service `name` may begin when its tasks are done.
  void note_ready(const std::string& name)
  {
    if (progress_[name].unready > 0 || outcome_.has_failed(name) || ready_.contains(name)) {
      return;
    }
    run_tasks(name);
    if (!outcome_.has_failed(name)) {
      ready_.insert(name);
    }
  }

  // There is nothing left to be seen of the service `name`: what it has too much may go.
  void note_proven(const std::string& name)
  {
    auto& progress = progress_[name];
    if (progress.unproven == 0 && !outcome_.has_failed(name) &&
        !std::exchange(progress.is_trimmed, true)) {
      remove_where([&](const Action& action) { return action.service == name; });
    }
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
    if (deployment_.desired.images.empty()) {
      throw Error{{.what = "cannot prepare a volume without any image"}};
    }
    return deployment_.desired.images.begin()->second;
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
        remove(removal, bench_, outcome_);
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

  void run_tasks(const std::string& service)
  {
    for (const auto& task : deployment_.tasks) {
      if (task.after != service || outcome_.has_failed(service)) {
        continue;
      }
      try {
        run_task(task);
      } catch (const Error& error) {
        outcome_.fail(service, task.id, error);
      }
    }
  }

  // What runs elsewhere is there already.
  void run_external_tasks()
  {
    for (const auto& external : stack_.externals) {
      run_tasks(external.service);
    }
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

  const Deployment& deployment_;
  const Plan& plan_;
  const stack::Stack& stack_;
  engine::Backend& backend_;
  Reporter& reporter_;
  const Deadline& deadline_;
  std::stop_token stop_;
  Bench bench_;
  Outcome outcome_;
  SilentReporter silent_;
  Vigil vigil_;
  std::vector<std::string> left_;  // whose turn has not come
  std::map<std::string, Progress> progress_;
  std::set<std::string> ready_;  // with their tasks done
  std::set<std::string> fresh_;  // ids of containers that this deploy started
};

}  // namespace

int apply_deploy(const Deployment& deployment, engine::Backend& backend, Reporter& reporter,
                 const Deadline& deadline, std::stop_token stop)
{
  return Applier{deployment, backend, reporter, deadline, std::move(stop)}.run();
}

}  // namespace pecanctl::deployment
