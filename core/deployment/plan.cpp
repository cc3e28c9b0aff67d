// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/plan.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/engine/container_config.hpp"

namespace pecanctl::deployment {
namespace {

using engine::Replica;
using engine::State;

bool is_up(const Replica& replica)
{
  return replica.state == State::running || replica.state == State::restarting;
}

// The replicas of one service, sorted by what a plan can do with them.
struct Inventory {
  std::vector<const Replica*> current;   // as wanted; the running first
  std::vector<const Replica*> outdated;  // made from another spec or image
};

// The container that the replicas of `service` share the network of, or will; nothing: none yet.
const Replica* find_holder(const stack::Service& service, const engine::Observation& observed)
{
  for (const auto* holder : observed.of_service(service.joins)) {
    if (holder->state != State::dead) {
      return holder;
    }
  }
  return nullptr;
}

std::string difference(const Replica& replica, const std::string& spec, const engine::Image* image)
{
  auto text = stack::explain_difference(replica.spec, spec);
  if (text.empty() && image != nullptr && replica.image_id != image->id) {
    text = fmt::format("image {} was rebuilt", image->reference);
  }
  return text;
}

class ServicePlanner {
 public:
  ServicePlanner(const Desired& desired, const stack::Service& service,
                 const engine::Observation& observed)
      : desired_{desired},
        service_{service},
        holder_{find_holder(service, observed)}
  {
    const auto found = desired.images.find(service.name);
    image_ = found == desired.images.end() ? nullptr : &found->second;
    auto wanted = service;
    if (image_ != nullptr) {
      wanted.image.reference = image_->reference;
    }
    spec_ = stack::render_spec(wanted, desired.stack->owner);
    for (const auto* replica : observed.of_service(service.name)) {
      numbers_.insert(replica->number);
      (is_current(*replica) && replica->state != State::dead ? inventory_.current
                                                             : inventory_.outdated)
          .push_back(replica);
    }
    std::ranges::stable_sort(inventory_.current, [](const Replica* a, const Replica* b) {
      return is_up(*a) > is_up(*b);
    });
  }

  void plan(Plan& plan)
  {
    const auto wanted = static_cast<std::size_t>(desired_.replicas_of(service_));
    const auto kept = std::min(wanted, inventory_.current.size());
    for (std::size_t i = 0; i < wanted; ++i) {
      const Replica* existing = i < kept ? inventory_.current[i] : nullptr;
      fill_slot(existing, plan);
    }
    const auto running = inventory_.current.size() + inventory_.outdated.size();
    for (std::size_t i = kept; i < inventory_.current.size(); ++i) {
      remove(*inventory_.current[i], fmt::format("replicas {} -> {}", running, wanted), plan)
          .is_by_count = true;
    }
    for (; next_outdated_ < inventory_.outdated.size(); ++next_outdated_) {
      remove(*inventory_.outdated[next_outdated_],
             wanted == 0 ? fmt::format("replicas {} -> 0", running) : "no longer wanted", plan);
    }
  }

 private:
  // A holder is never exchanged while it can run: those that share its network would lose it.
  bool is_current(const Replica& replica) const
  {
    if (service_.role == stack::Role::holder) {
      return true;
    }
    return !is_cut_off(replica) && !is_unfinished(replica) &&
           (!desired_.replaces_outdated || difference_of(replica).empty());
  }

  // Its holder is gone, and its network with it: a holder that starts again has another one.
  bool is_cut_off(const Replica& replica) const
  {
    if (service_.joins.empty() || replica.joined.empty()) {
      return false;
    }
    return holder_ == nullptr || replica.joined != holder_->id ||
           (replica.state == State::running && holder_->state != State::running);
  }

  // An interrupted command may not have got as far as its files.
  bool is_unfinished(const Replica& replica) const
  {
    return replica.state == State::created && stack::has_placed_files(service_);
  }

  std::string difference_of(const Replica& replica) const
  {
    return is_unfinished(replica) ? "left unfinished by an interrupted command"
           : is_cut_off(replica)  ? "its network is gone"
                                  : difference(replica, spec_, image_);
  }

  void fill_slot(const Replica* existing, Plan& plan)
  {
    if (existing != nullptr && is_up(*existing)) {
      ++plan.unchanged[service_.name];
      plan.kept.push_back(*existing);
      if (service_.role != stack::Role::holder && !difference_of(*existing).empty()) {
        plan.outdated.insert(service_.name);
      }
      return;
    }
    if (existing != nullptr && existing->state == State::paused) {
      add(Verb::resume, existing, "left frozen by an interrupted command", plan);
      return;
    }
    if (next_outdated_ < inventory_.outdated.size()) {
      const auto& old = *inventory_.outdated[next_outdated_++];
      add(Verb::replace, existing, difference_of(old), plan).outdated = old;
      return;
    }
    if (existing != nullptr) {
      add(Verb::start, existing, fmt::format("it is {}", to_string(existing->state)), plan);
      return;
    }
    const auto before = inventory_.current.size() + inventory_.outdated.size();
    const auto wanted = desired_.replicas_of(service_);
    add(Verb::create, nullptr,
        before == 0 ? std::string{"new"} : fmt::format("replicas {} -> {}", before, wanted), plan);
  }

  Action& add(Verb verb, const Replica* existing, std::string reason, Plan& plan)
  {
    const int number = existing != nullptr ? existing->number : take_number();
    plan.actions.push_back({.verb = verb,
                            .service = service_.name,
                            .name = replica_name(desired_.stack->name, service_.name, number),
                            .number = number,
                            .id = existing != nullptr ? existing->id : std::string{},
                            .reason = std::move(reason)});
    return plan.actions.back();
  }

  static Action& remove(const Replica& replica, std::string reason, Plan& plan)
  {
    plan.actions.push_back({.verb = Verb::remove,
                            .service = replica.service,
                            .name = replica.name,
                            .number = replica.number,
                            .id = replica.id,
                            .reason = std::move(reason)});
    return plan.actions.back();
  }

  int take_number()
  {
    int number = 1;
    while (numbers_.contains(number)) {
      ++number;
    }
    numbers_.insert(number);
    return number;
  }

  const Desired& desired_;
  const stack::Service& service_;
  const engine::Image* image_ = nullptr;
  const Replica* holder_ = nullptr;
  std::string spec_;
  Inventory inventory_;
  std::set<int> numbers_;
  std::size_t next_outdated_ = 0;
};

void plan_foundations(const Desired& desired, const engine::Observation& observed, Plan& plan)
{
  const auto& stack = *desired.stack;
  if (observed.networks.empty()) {
    plan.actions.push_back({.verb = Verb::create_network, .name = stack.name, .reason = "new"});
  }
  // Until the first container is there, a volume may be one that an interrupted deploy made and did
  // not fill, and a host folder has no labels to tell. Making either again is harmless and cheap.
  const bool is_first =
      std::ranges::all_of(observed.replicas, &std::string::empty, &Replica::service);
  for (const auto& volume : stack.volumes) {
    const bool exists = std::ranges::any_of(
        observed.volumes, [&](const auto& v) { return v.is_data && v.key == volume.key; });
    if (is_first || (volume.host_path.empty() && !exists)) {
      plan.actions.push_back({.verb = Verb::create_volume,
                              .service = volume.key,
                              .name = volume.host_path.empty() ? volume_name(stack.name, volume.key)
                                                               : volume.host_path,
                              .reason = exists ? "make sure of its folders" : "new"});
    }
  }
}

void plan_unknown_services(const Desired& desired, const engine::Observation& observed, Plan& plan)
{
  for (const auto& replica : observed.replicas) {
    if (desired.stack->find_service(replica.service) == nullptr &&
        desired.includes(replica.service)) {
      plan.actions.push_back({.verb = Verb::remove,
                              .service = replica.service,
                              .name = replica.name,
                              .number = replica.number,
                              .id = replica.id,
                              .reason = replica.service.empty() ? "left by an interrupted command"
                                                                : "not in pecan.yml any more"});
    }
  }
}

// A changed service leaves the files of its earlier version behind; the old container needs them
// until the new one proved itself.
void plan_stale_files(const Desired& desired, const engine::Observation& observed, Plan& plan)
{
  if (!desired.replaces_outdated) {
    return;
  }
  std::set<std::string> wanted;
  for (const auto& service : desired.stack->services) {
    wanted.insert(engine::files_volume_name(*desired.stack, service));
  }
  for (const auto& volume : observed.volumes) {
    if (!volume.is_data && !wanted.contains(volume.name) && desired.includes(volume.key)) {
      plan.actions.push_back({.verb = Verb::remove_volume,
                              .service = volume.key,
                              .name = volume.name,
                              .reason = "files of an earlier version"});
    }
  }
}

int latest_revision(const engine::Observation& observed)
{
  int latest = 0;
  for (const auto& replica : observed.replicas) {
    latest = std::max(latest, replica.revision);
  }
  return latest;
}

}  // namespace

std::string_view to_string(Verb verb)
{
  constexpr std::array<std::string_view, 9> k_names{
      "create network", "create volume", "create",         "start",        "resume",
      "replace",        "remove",        "remove network", "remove volume"};
  return k_names.at(static_cast<std::size_t>(verb));
}

bool Plan::deletes_data() const
{
  return std::ranges::any_of(actions, &Action::deletes_data);
}

int Desired::replicas_of(const stack::Service& service) const
{
  const auto found = replicas.find(service.name);
  return found == replicas.end() ? service.replicas : found->second;
}

bool Desired::includes(std::string_view service) const
{
  const std::string name{service};
  return !without.contains(name) && (only.empty() || only.contains(name));
}

std::string replica_name(std::string_view instance, std::string_view service, int number)
{
  return fmt::format("{}-{}-{}", instance, service, number);
}

std::string volume_name(std::string_view instance, std::string_view key)
{
  return fmt::format("{}-{}", instance, key);
}

Plan plan_deploy(const Desired& desired, const engine::Observation& observed)
{
  Plan plan{.instance = desired.stack->name};
  plan_foundations(desired, observed, plan);
  for (const auto& service : desired.stack->services) {
    if (desired.includes(service.name)) {
      ServicePlanner{desired, service, observed}.plan(plan);
    }
  }
  plan_unknown_services(desired, observed, plan);
  plan_stale_files(desired, observed, plan);
  // Containers carry the revision that made them, so only making some is a new one. Scaling makes
  // more of the same: it is none.
  const bool is_new_revision =
      desired.replaces_outdated && std::ranges::any_of(plan.actions, [](const Action& action) {
        return (action.verb == Verb::create || action.verb == Verb::replace) && action.id.empty();
      });
  plan.revision = latest_revision(observed) + (is_new_revision ? 1 : 0);
  return plan;
}

Plan plan_destroy(const std::string& instance, const engine::Observation& observed, bool with_data)
{
  Plan plan{.instance = instance, .revision = latest_revision(observed)};
  auto replicas = observed.replicas;
  // Workers first: they need the broker to hand their jobs back.
  std::ranges::stable_sort(
      replicas, [](const Replica& a, const Replica& b) { return a.is_worker > b.is_worker; });
  for (const auto& replica : replicas) {
    plan.actions.push_back({.verb = Verb::remove,
                            .service = replica.service,
                            .name = replica.name,
                            .number = replica.number,
                            .id = replica.id,
                            .reason = "destroy"});
  }
  for (const auto& network : observed.networks) {
    plan.actions.push_back({.verb = Verb::remove_network,
                            .name = network.name,
                            .id = network.id,
                            .reason = "destroy"});
  }
  for (const auto& volume : observed.volumes) {
    if (with_data || !volume.is_data) {
      plan.actions.push_back({.verb = Verb::remove_volume,
                              .service = volume.key,
                              .name = volume.name,
                              .reason = volume.is_data ? "--volumes" : "rendered files",
                              .deletes_data = volume.is_data});
    }
  }
  return plan;
}

}  // namespace pecanctl::deployment
