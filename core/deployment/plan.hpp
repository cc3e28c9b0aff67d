// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/engine/backend.hpp"
#include "core/stack/stack.hpp"

/// Makes what runs match what is wanted: observe, plan (pure), apply.
namespace pecanctl::deployment {

enum class Verb {
  create_network,
  create_volume,
  create,   ///< a new replica, then start it
  start,    ///< one that exists and does not run
  resume,   ///< one that a crashed run left frozen
  replace,  ///< put a new replica in the place of an outdated one
  remove,
  remove_network,
  remove_volume,
};

std::string_view to_string(Verb verb);

/// One line of a plan.
struct Action {
  Verb verb = Verb::create;
  std::string service = {};  ///< or the volume's key
  std::string name = {};     ///< of the container, network or volume
  int number = 0;            ///< of the replica that will be there
  std::string id = {};       ///< of the existing container (start, resume, remove) or object
  std::optional<engine::Replica> outdated = {};  ///< what a replacement takes the place of
  std::string reason = {};                       ///< "replicas 1 -> 4", "image a -> b"
  bool deletes_data = false;
  /// A removal for the count's sake: any other replica of the service would do, so that one is
  /// taken which is idle.
  bool is_by_count = false;
};

struct Plan {
  std::string instance = {};
  int revision = 0;  ///< of what this plan leads to; the observed one when it changes nothing
  std::vector<Action> actions = {};
  std::map<std::string, int> unchanged = {};  ///< service → replicas that stay as they are
  std::vector<engine::Replica> kept = {};     ///< those replicas
  /// Services of which an outdated replica stays: their files are not what is wanted now.
  std::set<std::string> outdated = {};

  bool is_empty() const { return actions.empty(); }

  bool deletes_data() const;
};

/// What is wanted, beyond the stack itself.
struct Desired {
  const stack::Stack* stack = nullptr;
  std::map<std::string, engine::Image> images = {};  ///< service → image; absent: not here yet
  std::map<std::string, int> replicas = {};          ///< service → count that beats the stack's
  std::set<std::string> only = {};                   ///< services to act on; empty: all
  /// Services whose image cannot be had: what runs of them stays as it is.
  std::set<std::string> without = {};
  bool replaces_outdated = true;  ///< false: scale counts outdated replicas as good

  int replicas_of(const stack::Service& service) const;
  bool includes(std::string_view service) const;  ///< whether it is acted on
};

/// "<instance>-<service>-<number>"
std::string replica_name(std::string_view instance, std::string_view service, int number);
/// "<instance>-<key>"
std::string volume_name(std::string_view instance, std::string_view key);

/// What leads from `observed` to `desired`. Pure. Services that the stack does not know are
/// removed, unless `desired.only` names others. Never removes a volume.
Plan plan_deploy(const Desired& desired, const engine::Observation& observed);

/// What removes all of it; data volumes only when `with_data`. Pure.
Plan plan_destroy(const std::string& instance, const engine::Observation& observed, bool with_data);

}  // namespace pecanctl::deployment
