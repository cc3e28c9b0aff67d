// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret.hpp"

namespace pecanctl::stack {

/// How many workers the queue of a model may have, and how eagerly that follows the queue.
struct Scaling {
  int min = 0;
  int max = 1;
  double target = 1;   ///< jobs, waiting or running, per worker
  int activation = 0;  ///< up to so many jobs start nothing beyond `min`
  std::chrono::milliseconds cooldown{std::chrono::minutes{5}};       ///< without a job before `min`
  std::chrono::milliseconds stabilisation{std::chrono::minutes{5}};  ///< unwanted before removal
  std::chrono::milliseconds min_lifetime{std::chrono::minutes{1}};  ///< between adding and removing
  std::optional<int> fallback = {};  ///< at least so many while the queue cannot be read
};

/// A model that workers of a service run.
struct Model {
  std::string name = {};     ///< as in BETY's `models.model_name`
  std::string type = {};     ///< as in `modeltypes.name`
  std::string version = {};  ///< as in `models.revision`
  std::chrono::milliseconds max_runtime{std::chrono::hours{24}};
  bool drains =
      false;  ///< its worker finishes the job and leaves on SIGTERM (ours); else freeze, look, kill
  std::optional<Scaling> scaling = {};  ///< the queue decides how many workers there are

  std::string fixed_queue = {};  ///< of what is no model but takes jobs: the executor's "pecan"

  /// "<type>_<version>", case-sensitive. Source: PEcAn docker/models/model.py.
  std::string queue() const { return fixed_queue.empty() ? type + "_" + version : fixed_queue; }
};

struct Mount {
  std::string volume = {};  ///< key of a Volume of the stack; or
  std::string path = {};    ///< an absolute path on the host
  std::string target = {};
  bool is_read_only = false;
  /// The engine's own socket. Where that lies is the engine's business and no part of the spec.
  bool is_engine_socket = false;
};

struct Port {
  int container_port = 0;
  std::string host_ip = "127.0.0.1";
  int host_port = 0;  ///< 0: the engine chooses, we discover
};

struct HealthCheck {
  std::vector<std::string> test = {};  ///< as the Engine takes it: "CMD", then the argument vector
  std::chrono::milliseconds interval{10'000};      ///< between two, once it is healthy
  std::chrono::milliseconds start_interval{2000};  ///< until then
  std::chrono::milliseconds timeout{5000};
  std::chrono::milliseconds start_period{60'000};
  int retries = 5;
};

/// A file that a service reads at `/run/pecanctl/<name>`, never through its environment. Treated as
/// secret. `mode` is 0400 with the owner set where we choose the user (workers). Where the image
/// does (postgres and rabbitmq start as root and become a user whose number differs between
/// images), it is root's and 0444: nobody but that one service lives in the container, and the
/// place it is mounted from must be closed to others.
struct ConfigFile {
  std::string name = {};
  Secret content = {};
  int uid = 0;
  int gid = 0;
  unsigned mode = 0400;
  /// Folder of the container to put it in, absolute, for images that read it nowhere else. Then it
  /// is part of the container and written before the first start. Empty: /run/pecanctl.
  std::string folder = {};
};

struct Limits {
  std::uint64_t memory = 0;  ///< bytes, 0 = none
  double cpus = 0;           ///< 0 = none
  int pids = 512;
};

/// Where an image comes from, in the order in which it is tried (see ImagePolicy).
struct ImageSource {
  std::string reference = {};      ///< what is wanted, "rabbitmq:3.13-management"
  std::string own_reference = {};  ///< what we tag our own build, "pecanctl/rabbitmq:3.10"; empty
                                   ///< when there is none
  std::string context = {};  ///< folder with a Dockerfile, absolute, or a repository (GitContext);
                             ///< empty when we cannot build it
  bool is_part_of_us = false;  ///< built from nothing but our own programs, under any ImagePolicy
};

enum class ImagePolicy {
  automatic,  ///< local, else pull, else build
  pull,       ///< local, else pull
  build,      ///< local build of ours only
};

enum class Role {
  service,
  worker,
  holder,  ///< only holds the network namespace that the workers of a model share
};

/// How a changed replica is replaced. Stop-first where two cannot share a port or a volume.
enum class Replacement { start_first, stop_first };

struct Service {
  std::string name = {};
  Role role = Role::service;
  ImageSource image = {};
  std::vector<std::string> command = {};
  std::map<std::string, std::string> environment = {};
  std::map<std::string, Secret> secret_environment =
      {};  ///< for stock images that read a secret nowhere else
  std::vector<Mount> mounts = {};
  std::vector<Port> ports = {};
  std::vector<ConfigFile> files = {};
  std::map<std::string, std::string> labels = {};  ///< besides our own: routes of the front proxy
  std::string hostname =
      {};  ///< constant where the service's data depends on it; empty: the engine's choice
  std::string user = {};  ///< "uid:gid", empty: the image's
  std::optional<HealthCheck> health = {};
  Limits limits = {};
  std::vector<std::string> capabilities = {};  ///< given back after all were dropped
  bool has_read_only_root = false;
  std::vector<std::string> tmpfs = {};
  std::vector<std::string> depends_on = {};
  int replicas = 1;
  Replacement replacement = Replacement::stop_first;
  std::chrono::seconds stop_grace{10};
  std::optional<Model> model = {};  ///< set exactly for workers
  /// An image of it that cannot be had does not hold up the others.
  bool is_optional = false;
  /// The holder whose network namespace its containers share. Most of a start is the set-up of a
  /// network (20 containers: 3 s each with its own, 0.8 s sharing one). Empty: one of its own.
  std::string joins = {};
};

struct Volume {
  std::string key = {};        ///< "data", "postgres"
  std::string host_path = {};  ///< a folder of the host instead of an engine volume
  int uid = 0;                 ///< owner of its root when we make it
  int gid = 0;
  std::vector<std::string> folders = {};  ///< made in it when missing, owned the same
};

/// A service of the standard stack that runs elsewhere: used, never made, changed or removed.
struct External {
  std::string service = {};  ///< which one: "postgres", "rabbitmq"
  std::string scheme = {};   ///< "postgres", "amqp", "amqps"
  std::string host = {};     ///< name or address, without brackets
  int port = 0;
  std::string user = {};        ///< whose password is the secret of the service's name
  std::string space = {};       ///< the database, or the virtual host
  std::string management = {};  ///< URL of a broker's management API

  /// Its URL. It never holds a password.
  std::string url() const;
};

/// An instance as wanted: everything with its defaults filled in. Values only.
struct Stack {
  std::string name = {};     ///< prefix of containers, network and volumes
  std::string owner = {};    ///< UUID of this instance
  std::string release = {};  ///< of PEcAn
  std::string file = {};     ///< absolute path of its pecan.yml
  ImagePolicy images = ImagePolicy::automatic;
  std::vector<Volume> volumes = {};
  std::vector<Service> services = {};    ///< in dependency order
  std::vector<External> externals = {};  ///< what takes the place of services that are not there

  const Service* find_service(std::string_view service) const;
  const External* find_external(std::string_view service) const;
};

/// Whether some of its files are part of its containers (ConfigFile::folder).
bool has_placed_files(const Service& service);

/// An instance name: 2 to 32 of a-z 0-9 and '-', starts with a letter, does not end with '-', not
/// "pecanctl".
bool is_valid_name(std::string_view name);

/// The canonical JSON of what `service` asks for, keys sorted, secrets as digests salted with
/// `owner`. Equal text means equal container. `replicas` and `depends_on` are not in it.
std::string render_spec(const Service& service, std::string_view owner);

/// Which fields differ between two specs: "image rabbitmq:3.12 -> rabbitmq:3.13, memory none -> 2.0
/// GiB". Empty when none. A spec that does not parse differs as a whole ("not made by this
/// version").
std::string explain_difference(std::string_view before, std::string_view after);

/// Services in an order in which each stands after what it depends on, grouped: those of one group
/// may start together. @throws Error invalid when they depend on each other in a circle or on
/// something unknown.
std::vector<std::vector<std::string>> dependency_levels(const std::vector<Service>& services);

}  // namespace pecanctl::stack
