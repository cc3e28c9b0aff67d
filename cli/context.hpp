// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "cli/connections.hpp"
#include "cli/options.hpp"
#include "cli/output/printer.hpp"
#include "core/base/report.hpp"
#include "core/deployment/index.hpp"
#include "core/deployment/lock.hpp"
#include "core/engine/backend.hpp"
#include "core/engine/images.hpp"
#include "core/project/catalogue.hpp"
#include "core/project/instance_file.hpp"
#include "core/project/make_stack.hpp"
#include "core/project/secrets.hpp"

namespace pecanctl::docker {
class Engine;
}

namespace pecanctl::cli {

class Signals;

/// pecan.yml as it is understood, for people and for programs.
struct ResolvedView {
  struct Value {
    std::string key;
    std::string value;
    std::string origin;
  };

  std::string yaml;
  std::string json;
  std::vector<Value> origins;  ///< of the file, then of the program's own settings
};

/// The composition root: the one place that knows the environment and constructs clients.
/// Everything is made when first asked for, so that a command pays for what it uses.
class Context {
 public:
  static constexpr std::string_view k_default_socket = "/var/run/docker.sock";

  Context(GlobalOptions options, std::string command_line, Reporter& reporter,
          output::Printer& printer, std::stop_token stop, const Signals* signals = nullptr);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const GlobalOptions& options() const { return options_; }

  Reporter& reporter() { return reporter_; }

  output::Printer& printer() { return printer_; }

  std::stop_token stop() const { return stop_; }

  /// For a command that Ctrl-C ends as it should: see Signals::leave_quietly.
  void leave_quietly(std::function<void()> restore = {}) const;
  /// Whether it was Ctrl-C that asked for the stop.
  bool is_interrupted() const;

  /// `--timeout` from now, else `standard`.
  Deadline deadline(std::chrono::milliseconds standard) const;
  /// For one look at what runs: short, whatever `--timeout` allows the command as a whole.
  Deadline look_deadline() const;

  /// Where the program's templates are: beside the build's binary, else in ../share/pecanctl, else
  /// where PECANCTL_TEMPLATES says.
  std::filesystem::path templates() const;
  const project::Catalogue& catalogue();

  /// Where the instance's pecan.yml is, whether or not it can be used.
  std::optional<std::filesystem::path> find_path() const;
  /// Whether there is a pecan.yml to work with.
  bool has_file();
  /// Says that there is none, and how to make one.
  Error missing_file() const;
  /// What is in it, unread. Asks nobody but the file system. @throws Error not_found, denied
  const project::InstanceSource& source();
  /// Without one in sight, the one that the containers of -i remember.
  /// @throws Error not_found with the way to make one; invalid with all its mistakes.
  const project::InstanceFile& file();
  /// From now on the instance is as `text` says, which stands in the place of the file's.
  void use_text(std::string text);
  /// The file with everything filled in, and who says what. Asks nobody but the file system.
  ResolvedView resolved();
  /// The JSON Schema of pecan.yml.
  static std::string instance_schema();
  const project::Secrets& secrets();
  /// The instance as its file wants it, under the name that -i gives.
  const stack::Stack& stack();
  /// What the stack needs to know of where it runs.
  project::Machine machine();
  /// The operator's config.php beside pecan.yml, whether or not it is there.
  std::filesystem::path config_php_path();
  /// Name of the instance meant: -i, else the file's. @throws Error usage when neither is there.
  std::string instance_name();
  /// Name and owner; without a file the owner is read from labels. @throws Error not_found,
  /// conflict.
  engine::Identity identity();

  /// Names of the instances that have containers on this machine, by label: one request, for
  /// completion. @throws Error unreachable, timeout
  std::vector<std::string> list_instance_names(const Deadline& deadline);

  docker::Engine& docker();
  /// Makes clients for threads of their own. Its result outlives the context.
  std::function<std::unique_ptr<docker::Engine>()> docker_factory() const;
  /// Where Docker keeps its data; empty when it does not answer.
  std::string docker_root();
  engine::Backend& backend();
  engine::ImageStore& images();
  Connections& services();
  /// The database to exchange BETY's data with: libpq's variables when PGHOST is set, else the
  /// instance's own. @throws Error usage (PGPORT), unreachable
  postgres::Endpoint database_endpoint(const Deadline& deadline);
  /// Whether PGHOST is set.
  static bool has_database_variables();
  /// Whether Consul is this machine's own container: nobody says otherwise.
  bool has_own_consul();
  /// Consul's URL as somebody says it; empty: this machine's own container.
  std::string consul_address();
  /// Where pecan.yml is, or is to be; empty: nowhere.
  std::string file_path() const;
  /// Path of Docker's socket. @throws Error usage when DOCKER_HOST is no unix:// address
  std::string docker_socket() const;
  /// How to reach Consul: PECANCTL_CONSUL_ADDRESS, pecan.yml, a configuration file or
  /// CONSUL_HTTP_ADDR, else this machine's own container. Nothing when that does not run.
  /// @throws Error usage when CONSUL_HTTP_ADDR says something else than the others.
  std::optional<deployment::Index::Connect> find_consul();
  std::unique_ptr<deployment::Index> index();
  /// The same for one job of the instance that goes on for long beside other commands ("scaler").
  std::unique_ptr<deployment::Index> claim(const std::string& job);
  /// What registering writes to and reads from: Consul, through `index` or for looking only.
  /// @throws Error unreachable with `hint` when there is no Consul.
  std::unique_ptr<consul::Client> consul(const std::string& hint);
  /// This instance's name among hosts, BETY's machines.hostname: pecan.yml's `http.host`, else the
  /// machine's. @throws Error invalid when the machine's is none.
  std::string host_name();

  deployment::Holder holder() const;
  /// The lock of an instance, or a wait for it as `--lock-wait` says. Output holds nobody up from
  /// now on.
  std::unique_ptr<deployment::InstanceLock> lock(const std::string& name);
  /// For pulling data into the instance's database, while it may be used and changed otherwise.
  std::unique_ptr<deployment::InstanceLock> lock_sync(const std::string& name);
  /// Needed by whoever needs this machine's own services (Consul): they stay as long as it is held.
  /// Any number hold it together.
  std::unique_ptr<deployment::InstanceLock> lock_machine_in_use();
  /// The opposite: nobody needs them, and whoever comes to do waits. Nothing when somebody does.
  std::unique_ptr<deployment::InstanceLock> find_machine_unused();
  /// For changing this machine's own services: one at a time.
  std::unique_ptr<deployment::InstanceLock> lock_machine();
  /// This machine's address as other machines see it, "127.0.0.1" when it has none.
  std::string machine_address() const;
  /// Whether `host` means this machine and no other, by its address on the loopback network. A name
  /// that nobody knows does not.
  static bool is_loopback(const std::string& host);
  std::string user_name() const;

 private:
  std::optional<std::filesystem::path> find_recorded_path();
  std::filesystem::path folder() const;
  project::InstanceSource read_source(const std::filesystem::path& path);
  SettingValue instance_consul();
  SettingValue explicit_consul();
  std::string machine_lock_name() const;
  std::unique_ptr<deployment::InstanceLock> take(deployment::LockRequest request);

  GlobalOptions options_;
  std::string command_line_;
  Reporter& reporter_;
  output::Printer& printer_;
  std::stop_token stop_;
  const Signals* signals_;
  std::unique_ptr<project::Catalogue> catalogue_;
  std::unique_ptr<project::InstanceSource> source_;
  std::unique_ptr<project::InstanceFile> file_;
  std::unique_ptr<project::Secrets> secrets_;
  std::unique_ptr<stack::Stack> stack_;
  std::unique_ptr<docker::Engine> docker_;
  std::unique_ptr<engine::Backend> backend_;
  std::unique_ptr<engine::ImageStore> images_;
  std::unique_ptr<Connections> services_;
};

/// An environment variable, if it is set. The one place that reads the environment.
std::optional<std::string> find_variable(std::string_view name);

}  // namespace pecanctl::cli
