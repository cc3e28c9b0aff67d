// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/stack/stack.hpp"

/// The seam between what is wanted and the container engine that runs it. Nothing above this header
/// knows which engine that is.
namespace pecanctl::engine {

/// Whose objects are meant: those whose labels carry exactly both.
struct Identity {
  std::string instance = {};
  std::string owner = {};  ///< UUID; empty: whoever owns the instance of that name
};

enum class State { created, running, paused, restarting, exited, dead };
enum class Health { none, starting, healthy, unhealthy };

std::string_view to_string(State state);
std::string_view to_string(Health health);

struct PublishedPort {
  int container_port = 0;
  std::string host_ip = {};
  int host_port = 0;
};

/// One container of ours.
struct Replica {
  std::string id = {};
  std::string name = {};  ///< "<instance>-<service>-<number>"
  std::string instance = {};
  std::string service = {};
  int number = 0;
  int revision = 0;  ///< of the deploy that made it
  std::string owner = {};
  std::string spec = {};   ///< what was asked for (stack::render_spec)
  std::string image = {};  ///< reference
  std::string image_id = {};
  State state = State::created;
  Health health = Health::none;
  bool drains_on_signal = false;  ///< SIGTERM lets it finish its job (label pecan.drain=signal)
  bool is_worker = false;
  bool is_holder = false;  ///< only holds a network for others
  std::string file = {};   ///< the pecan.yml it was deployed from
  std::chrono::system_clock::time_point created = {};
  std::vector<PublishedPort> ports = {};
  std::map<std::string, std::string> mounts = {};  ///< target → path on the engine's machine
  std::string joined = {};  ///< id of the container whose network namespace it shares
};

struct VolumeState {
  std::string name = {};
  std::string key = {};  ///< key of the stack's volume
  bool is_data = false;  ///< false: rendered files, made again by the next deploy
};

struct NetworkState {
  std::string id = {};
  std::string name = {};
};

/// All that exists of an instance, found by labels. Sorted by service, then number.
struct Observation {
  std::vector<Replica> replicas = {};
  std::vector<NetworkState> networks = {};
  std::vector<VolumeState> volumes = {};

  bool is_empty() const { return replicas.empty() && networks.empty() && volumes.empty(); }

  std::vector<const Replica*> of_service(std::string_view service) const;
  /// Where a running replica of `service` answers on this machine, "127.0.0.1" and the port;
  /// nothing when it does not run or does not publish that port.
  std::optional<PublishedPort> find_port(std::string_view service, int container_port) const;
};

/// An image that is present.
struct Image {
  std::string reference = {};
  std::string id = {};
  std::map<std::string, std::string> labels = {};
  std::vector<std::string> digests = {};  ///< "NAME@sha256:…", as registries know it
};

/// A container to make: service `service` of the stack as replica `number`.
struct ReplicaOrder {
  const stack::Service* service = nullptr;
  int number = 0;
  Image image = {};
  std::string joined = {};  ///< id of the running holder, when the service joins one
};

/// What became of an order: an id, or why not.
struct Created {
  std::string id = {};
  std::optional<Error> error = {};
};

/// Last words of a container, for an error message: secrets are not in it.
struct Postmortem {
  State state = State::created;
  int exit_code = 0;
  bool is_out_of_memory = false;
  std::string error = {};             ///< the engine's own
  std::vector<std::string> log = {};  ///< last lines, oldest first
  std::string health_output = {};
};

/// How a container that ran once ended.
struct JobResult {
  int exit_code = 0;
  std::vector<std::string> log = {};  ///< last lines, oldest first
};

/// Names that are about to be used, by kind: each kind has its own.
struct Names {
  std::vector<std::string> containers = {};
  std::vector<std::string> networks = {};
  std::vector<std::string> volumes = {};
};

using Failures = std::vector<std::optional<Error>>;

/// The half that cannot change anything: what plans and looks gets only this.
class View {
 public:
  virtual ~View() = default;
  /// Everything of `identity`. One call per kind of object, however many there are.
  virtual Observation observe(const Identity& identity, const Deadline& deadline,
                              std::stop_token stop) = 0;

  /// Its containers only: what a wait asks for again and again. Sorted as in Observation.
  virtual std::vector<Replica> list_replicas(const Identity& identity, const Deadline& deadline,
                                             std::stop_token stop)
  {
    return observe(identity, deadline, std::move(stop)).replicas;
  }

  /// The same, for who asks the containers about their services and ports: a third of `observe`.
  Observation observe_containers(const Identity& identity, const Deadline& deadline,
                                 std::stop_token stop)
  {
    return {.replicas = list_replicas(identity, deadline, std::move(stop))};
  }

  /// Instances on this machine: name and owner of every labelled object.
  virtual std::vector<Identity> list_instances(const Deadline& deadline, std::stop_token stop) = 0;
  virtual std::optional<Image> find_image(std::string_view reference, const Deadline& deadline,
                                          std::stop_token stop) = 0;
  /// Those of `names` that somebody else has, each with what is known of whose it is: "container
  /// demo-rabbitmq-1 of image x, not made by pecanctl".
  virtual std::vector<std::string> find_foreign(const Names& names, const Identity& identity,
                                                const Deadline& deadline, std::stop_token stop) = 0;
  virtual Postmortem examine(std::string_view id, int log_lines, const Deadline& deadline,
                             std::stop_token stop) = 0;
  /// Which of the running `replicas` (by id) work on a job now: more than the worker's own process.
  virtual std::vector<bool> are_busy(std::span<const std::string> ids, const Deadline& deadline,
                                     std::stop_token stop) = 0;
};

/// The half that changes things. Every method may be repeated; "already so" is success.
class Backend : public View {
 public:
  virtual void ensure_network(const stack::Stack& stack, const Deadline& deadline,
                              std::stop_token stop) = 0;
  /// Makes the volume (or host folder), with its folders and owner. `helper` is any image that is
  /// present.
  virtual void ensure_volume(const stack::Stack& stack, const stack::Volume& volume,
                             const Image& helper, const Deadline& deadline,
                             std::stop_token stop) = 0;
  /// Puts the service's files where its containers mount them, replacing older ones.
  virtual void write_files(const stack::Stack& stack, const stack::Service& service,
                           const Image& helper, const Deadline& deadline, std::stop_token stop) = 0;
  /// Makes containers, many at a time, without starting them. A name that our own crashed run left
  /// is adopted when it carries the same spec.
  virtual std::vector<Created> create(const stack::Stack& stack, int revision,
                                      std::span<const ReplicaOrder> orders,
                                      const Deadline& deadline, std::stop_token stop) = 0;
  /// Runs `job` (no service of the stack) to its end and removes its container, also when it fails
  /// or is interrupted. One of its name that an interrupted run left is removed first.
  virtual JobResult run_job(const stack::Stack& stack, const stack::Service& job,
                            const Image& image, const Deadline& deadline, std::stop_token stop) = 0;
  virtual Failures start(std::span<const std::string> ids,
                         const std::function<void(std::size_t)>& on_done, const Deadline& deadline,
                         std::stop_token stop) = 0;
  /// Asks politely, waits at most `grace`, then kills.
  virtual Failures halt(std::span<const std::string> ids, std::chrono::seconds grace,
                        const Deadline& deadline, std::stop_token stop) = 0;
  virtual Failures remove(std::span<const std::string> ids, const Deadline& deadline,
                          std::stop_token stop) = 0;
  virtual Failures freeze(std::span<const std::string> ids, const Deadline& deadline,
                          std::stop_token stop) = 0;
  virtual Failures thaw(std::span<const std::string> ids, const Deadline& deadline,
                        std::stop_token stop) = 0;
  /// Sends `signal` ("SIGTERM", "SIGKILL"), also to frozen ones.
  virtual Failures signal(std::span<const std::string> ids, std::string_view signal,
                          const Deadline& deadline, std::stop_token stop) = 0;
  virtual void remove_network(const NetworkState& network, const Deadline& deadline,
                              std::stop_token stop) = 0;
  virtual void remove_volume(const VolumeState& volume, const Deadline& deadline,
                             std::stop_token stop) = 0;
};

}  // namespace pecanctl::engine
