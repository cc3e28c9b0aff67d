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

namespace pecanctl::docker {

using Labels = std::map<std::string, std::string>;

struct ApiVersion {
  int major = 1;
  int minor = 41;
  auto operator<=>(const ApiVersion&) const = default;
};

struct AddressPool {
  std::string base;  ///< "172.17.0.0/12"
  int size = 0;      ///< prefix length of the networks made from it
};

struct EngineInfo {
  ApiVersion api;              ///< what we speak with it: the newest both know
  std::string engine_version;  ///< "20.10.24+dfsg1"
  std::string architecture;    ///< "x86_64"
  std::string kernel;
  std::string storage_driver;
  std::string logging_driver;
  std::string cgroup_version;
  std::string system_time;                 ///< RFC 3339 with nanoseconds: the engine's clock
  std::vector<AddressPool> address_pools;  ///< empty: the engine's built-in ones
  int containers = 0;
  int running = 0;
  std::vector<std::string> warnings;
  std::string root_dir;  ///< data root on the engine's machine
  std::string operating_system;
  std::uint64_t memory_total = 0;  ///< bytes
  int cpus = 0;
  bool is_swarm_manager = false;
};

struct Image {
  std::string id;            ///< "sha256:…"
  std::string architecture;  ///< "amd64"
  std::vector<std::string> tags;
  std::vector<std::string> digests;
  Labels labels;
  std::string user;
  std::uint64_t size = 0;  ///< bytes
};

struct PublishedPort {
  int container_port = 0;
  std::string protocol = "tcp";
  std::string host_ip;
  int host_port = 0;  ///< 0: not published
};

struct Mount {
  std::string type;    ///< volume, bind, tmpfs
  std::string name;    ///< volume name
  std::string source;  ///< path on the engine's machine
  std::string destination;
  bool is_read_only = false;
};

/// One row of `GET /containers/json`.
struct ContainerSummary {
  std::string id;
  std::string name;  ///< without the leading slash
  std::string image;
  std::string image_id;
  Labels labels;
  std::string state;   ///< created, running, paused, restarting, removing, exited, dead
  std::string status;  ///< "Up 3 minutes (healthy)"
  std::chrono::system_clock::time_point created;
  std::vector<PublishedPort> ports;
  std::vector<Mount> mounts;
  std::map<std::string, std::string> networks;  ///< network name → address in it
  std::string network_mode;                     ///< "demo", "container:<id>"
};

struct HealthLogEntry {
  int exit_code = 0;
  std::string output;
};

/// What `GET /containers/{id}/json` adds.
struct ContainerDetails {
  ContainerSummary summary;
  std::string health;  ///< none, starting, healthy, unhealthy
  std::vector<HealthLogEntry> health_log;
  int exit_code = 0;
  bool is_oom_killed = false;
  bool has_terminal = false;  ///< created with Tty: its output is not told apart
  int restart_count = 0;
  std::string error;
  std::string started_at;  ///< RFC 3339 as the engine gave it
  std::string finished_at;
};

struct Network {
  std::string id;
  std::string name;
  Labels labels;
  std::vector<std::string> subnets;        ///< "172.18.0.0/16"
  std::vector<std::string> container_ids;  ///< filled by inspect only
};

struct Volume {
  std::string name;
  std::string mountpoint;  ///< on the engine's machine
  Labels labels;
};

/// All that has certain labels.
struct Labelled {
  std::vector<ContainerSummary> containers;
  std::vector<Network> networks;
  std::vector<Volume> volumes;
};

/// A process as `top` shows it.
struct Process {
  int pid = 0;  ///< on the engine's machine
  std::string command;
};

struct LogLine {
  bool is_stderr = false;
  std::string time;  ///< RFC 3339 with nanoseconds, when asked for
  std::string text;
};

/// A log entry, or a part of a long one. Valid during the call that hands it out.
struct LogPiece {
  bool is_stderr = false;
  std::string_view time;   ///< RFC 3339 with nanoseconds, UTC: sorts as text
  std::string_view text;   ///< any bytes but the end of the line
  bool ends_line = false;  ///< false: the next piece of this stream goes on with the line
};

/// Which part of a log is wanted.
struct LogRange {
  std::string since = {};  ///< "<seconds>.<nanoseconds>" since the epoch; empty: from the beginning
  int tail = -1;           ///< so many last lines; -1: all
  bool follows = false;    ///< goes on until the container ends
};

/// What a container uses at a moment. Counters grow from its start on.
struct ContainerUsage {
  std::uint64_t cpu_ns = 0;        ///< processor time
  std::uint64_t memory = 0;        ///< bytes in use, without the page cache that can be dropped
  std::uint64_t memory_limit = 0;  ///< bytes; the machine's memory when there is no limit
  std::uint64_t received = 0;      ///< bytes
  std::uint64_t sent = 0;          ///< bytes
  std::uint64_t pids = 0;
};

struct ExecResult {
  int exit_code = 0;
  std::string output;        ///< stdout
  std::string error_output;  ///< stderr
};

/// A file or folder as the archive API's stat header gives it.
struct PathStat {
  std::string name;
  std::uint64_t size = 0;
  std::uint32_t mode = 0;  ///< Go's os.FileMode bits
  std::string modified;    ///< RFC 3339
  bool is_directory = false;
};

/// A member of a tar stream we send or receive.
struct ArchiveFile {
  std::string path;  ///< relative, no leading slash; a folder ends in '/'
  std::string content = {};
  std::uint32_t mode = 0644;
  int uid = 0;
  int gid = 0;
  std::int64_t modified = 0;  ///< seconds since the epoch
};

}  // namespace pecanctl::docker
