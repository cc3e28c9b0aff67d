// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/stack/stack.hpp"

namespace pecanctl::project {

/// Who consumes the jobs inside a model's image.
enum class WorkerKind {
  stock,  ///< PEcAn's model.py: RABBITMQ_URI from the environment, deaf to SIGTERM
  pecan,  ///< our pecan-worker: RABBITMQ_URI_FILE, drains on SIGTERM
};

/// A model that the program knows by name.
struct KnownModel {
  std::string key;   ///< as in pecan.yml: "sipnet"
  std::string name;  ///< as in BETY
  std::string type;
  std::string version;  ///< the default one
  std::string image;    ///< with {version} (lower case) and {release} to fill in
  std::string context;  ///< folder with its Dockerfile, absolute; empty: we cannot build it
  WorkerKind worker = WorkerKind::stock;
};

/// What the front proxy sends to a service.
struct Route {
  std::string path;                                 ///< prefix, "/bety/"
  int port = 80;                                    ///< of the container
  bool is_stripped = false;                         ///< the service does not see the prefix
  std::map<std::string, std::string> headers = {};  ///< added to each request
};

/// A service of the profile full. In its texts, {{name}} is filled in by make_stack (placeholders).
struct WebService {
  stack::Service service;
  std::optional<Route> route = {};
  bool runs_as_data_owner = false;  ///< as the user who owns /data
};

/// The standard stack: what every instance has unless its pecan.yml says otherwise.
struct Catalogue {
  std::vector<stack::Volume> volumes;          ///< of an instance
  std::vector<stack::Service> services;        ///< of an instance, in dependency order
  std::vector<stack::Volume> web_volumes;      ///< besides, of the profile full
  std::vector<WebService> web_services;        ///< besides, of the profile full
  std::map<std::string, stack::Service> jobs;  ///< what runs once: "load", "demo-data"
  std::vector<stack::Volume> machine_volumes;  ///< shared by the instances of a machine
  std::vector<stack::Service> machine_services;
  stack::Service worker;  ///< what all workers have in common: limits, hardening
  stack::Service holder;  ///< what holds the network namespace that the workers of a model share
  std::map<std::string, KnownModel> models;
  /// Release → model → its version there, where that is not the usual one.
  std::map<std::string, std::map<std::string, std::string>> releases;

  const WebService* find_web_service(std::string_view name) const;
  std::vector<std::string> model_names() const;
};

/// Reads `text`, the standard stack; folders to build from are below `templates` (absolute).
/// @throws Error invalid
Catalogue parse_catalogue(std::string_view text, const std::filesystem::path& templates);

/// Reads `<templates>/stack.yaml`. @throws Error invalid, not_found, denied
Catalogue load_catalogue(const std::filesystem::path& templates);

/// The services that every machine with instances runs once (Consul). Stack name "pecanctl", owner
/// "machine".
stack::Stack make_machine_stack(const Catalogue& catalogue);

}  // namespace pecanctl::project
