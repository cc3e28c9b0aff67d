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

#include "core/config/expand.hpp"
#include "core/config/node.hpp"
#include "core/config/schema.hpp"
#include "core/project/catalogue.hpp"
#include "core/project/routes.hpp"
#include "core/stack/stack.hpp"

namespace pecanctl::project {

/// A model as pecan.yml asks for it, the catalogue's defaults filled in.
struct ModelRequest {
  std::string key;  ///< its name in pecan.yml, and of its service
  stack::Model model;
  stack::ImageSource image;
  WorkerKind worker = WorkerKind::stock;
  int replicas = 1;
  std::optional<std::uint64_t> memory = {};  ///< bytes
  std::optional<double> cpus = {};
  std::optional<int> pids = {};   ///< most processes and threads
  bool has_own_networks = false;  ///< each worker its own, instead of one for all
};

/// What pecan.yml changes in a standard service.
struct ServiceOverride {
  bool is_off = false;
  int port = 0;  ///< of its main port on 127.0.0.1; 0: the engine chooses
  std::optional<int> replicas = {};
  std::string image = {};  ///< empty: the standard one
  std::optional<std::uint64_t> memory = {};
  std::optional<double> cpus = {};
};

/// Where the text of a secret stands.
struct SecretReference {
  std::filesystem::path file;  ///< absolute; or
  std::string variable;        ///< of the environment
};

/// This site in the network of BETYs, as pecan.yml or the command line asks for it.
struct SiteSettings {
  std::optional<std::int64_t> id = {};  ///< nothing: pecanctl chooses
  std::string url = {};                 ///< of bety.tar.gz; empty: none
  std::string contact = {};             ///< e-mail address; empty: none
  std::string requests = {};            ///< where hosts ask the agent for numbers: "127.0.0.1:8017"
};

/// Which sites BETY's data is pulled from.
struct SyncSettings {
  std::vector<std::int64_t> peers = {};  ///< empty: all whose URL BETY knows
  std::map<std::int64_t, std::string> urls = {};
  std::vector<std::int64_t> trusted = {};
  std::vector<std::int64_t> insecure = {};
  std::map<std::int64_t, SecretReference> tokens = {};  ///< that sites want to see
  std::optional<std::chrono::milliseconds> max_age = {};
};

/// The largest site number: ids up to its range are exact as floating-point numbers, which PEcAn's
/// R code keeps them in.
inline constexpr std::int64_t k_last_site = 9'000'000;

/// A site number as people write it; nothing for `auto`.
/// @throws Error usage: neither, or beyond k_last_site
std::optional<std::int64_t> parse_site_id(std::string_view text);
/// Why `text` is no URL (or no contact) of a site, in a few words; empty when it is one.
std::string explain_site_url(std::string_view text);
std::string explain_site_contact(std::string_view text);
/// Why `text` is no loopback address with a port ("127.0.0.1:8017"); empty when it is one.
std::string explain_loopback(std::string_view text);
/// Whether BETY takes `text` as machines.hostname, and PEcAn as a host's name.
bool is_host_name(std::string_view text);

/// What this site offers to the others, `sync.publish`.
struct PublishSettings {
  std::filesystem::path folder = {};  ///< empty: not said
  int level = 3;                      ///< traits and yields below this access level are left out
  std::string listen = {};            ///< ADDRESS:PORT where the agent serves it; empty: nowhere
};

/// pecan.yml, understood. Paths are absolute.
struct InstanceFile {
  std::filesystem::path path;
  std::string release;   ///< of PEcAn: the tag of every pecan/* image
  std::string registry;  ///< that has those images; empty: Docker Hub
  std::string name;
  std::string profile;
  std::filesystem::path data;  ///< host folder for /data; empty: an engine volume
  std::vector<ModelRequest> models;
  std::map<std::string, ServiceOverride> services;
  std::vector<stack::External> externals;  ///< what of the standard stack runs elsewhere
  std::map<std::string, SecretReference> secrets;
  std::string consul_address;     ///< empty: the machine's own Consul
  std::string host;               ///< public name; empty: the machine's own
  WebAddress http;                ///< its host is `host`
  config::Node hosts;             ///< execution hosts by name, settings as in PEcAn's config.php
  std::filesystem::path backups;  ///< folder for backups; default: beside pecan.yml
  SiteSettings site;
  PublishSettings publish;
  SyncSettings sync;
  stack::ImagePolicy images = stack::ImagePolicy::automatic;

  std::filesystem::path folder() const { return path.parent_path(); }

  std::filesystem::path secrets_folder() const { return folder() / "secrets"; }
};

/// The description of every key of pecan.yml.
const config::Schema& instance_schema();

/// Reads pecan.yml. `path` is absolute and printed as its file name; variables are taken from
/// `lookup`.
/// @throws Error invalid with every mistake, each with its place
InstanceFile parse_instance_file(std::string_view text, const std::filesystem::path& path,
                                 const config::Lookup& lookup, const Catalogue& catalogue);

/// `reference` at the registry of `file`, when it is one of PEcAn's own images ("pecan/web:1.8.0").
std::string at_registry(const InstanceFile& file, const std::string& reference);

/// The text of a pecan.yml, and where it is from (absolute).
struct InstanceSource {
  std::filesystem::path path;
  std::string text;
};

/// One byte more than it may have, so that the refusal names it as all others do.
inline constexpr std::size_t k_longest_instance_file = (std::size_t{1} << 20U) + 1;

/// Reads the file at `path`. @throws Error invalid, not_found, denied
InstanceSource load_instance_source(const std::filesystem::path& path);
/// The same, understood.
InstanceFile load_instance_file(const std::filesystem::path& path, const config::Lookup& lookup,
                                const Catalogue& catalogue);

/// The nearest pecan.yml in `start` or above it.
std::optional<std::filesystem::path> find_instance_file(const std::filesystem::path& start);

}  // namespace pecanctl::project
