// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

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
#include "core/project/secrets.hpp"

namespace pecanctl::docker {
class Engine;
}

namespace pecanctl::cli {

/// The composition root: the one place that knows the environment and constructs clients.
/// Everything is made when first asked for, so that a command pays for what it uses.
class Context {
 public:
  Context(GlobalOptions options, std::string command_line, Reporter& reporter,
          output::Printer& printer, std::stop_token stop);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const GlobalOptions& options() const { return options_; }

  Reporter& reporter() { return reporter_; }

  output::Printer& printer() { return printer_; }

  std::stop_token stop() const { return stop_; }

  /// `--timeout` from now, else `standard`.
  Deadline deadline(std::chrono::milliseconds standard) const;
  /// For one look at what runs: short, whatever `--timeout` allows the command as a whole.
  Deadline look_deadline() const;

  /// Where the program's templates are: beside the build's binary, else in ../share/pecanctl, else
  /// where PECANCTL_TEMPLATES says.
  std::filesystem::path templates() const;
  const project::Catalogue& catalogue();

  /// Whether there is a pecan.yml to work with.
  bool has_file();
  /// @throws Error not_found with the way to make one; invalid with all its mistakes.
  const project::InstanceFile& file();
  const project::Secrets& secrets();
  /// The instance as its file wants it, under the name that -i gives.
  const stack::Stack& stack();
  /// Name of the instance meant: -i, else the file's. @throws Error usage when neither is there.
  std::string instance_name();
  /// Name and owner; without a file the owner is read from labels. @throws Error not_found,
  /// conflict.
  engine::Identity identity();

  docker::Engine& docker();
  engine::Backend& backend();
  engine::ImageStore& images();
  Connections& services();
  /// How to reach Consul: CONSUL_HTTP_ADDR, pecan.yml, else this machine's own container. Nothing
  /// when that does not run.
  std::optional<deployment::Index::Connect> find_consul();
  std::unique_ptr<deployment::Index> index();
  /// What registering writes to and reads from: Consul, through `index` or for looking only.
  /// @throws Error unreachable with `hint` when there is no Consul.
  std::unique_ptr<consul::Client> consul(const std::string& hint);
  /// This instance's name among hosts, BETY's machines.hostname: pecan.yml's `http.host`, else the
  /// machine's. @throws Error invalid when the machine's is none.
  std::string host_name();

  deployment::Holder holder() const;
  std::unique_ptr<deployment::InstanceLock> lock(const std::string& name);
  /// This machine's address as other machines see it, "127.0.0.1" when it has none.
  std::string machine_address() const;
  std::string user_name() const;

 private:
  std::optional<std::filesystem::path> find_path() const;

  GlobalOptions options_;
  std::string command_line_;
  Reporter& reporter_;
  output::Printer& printer_;
  std::stop_token stop_;
  std::unique_ptr<project::Catalogue> catalogue_;
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
