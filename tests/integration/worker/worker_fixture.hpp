// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/rabbitmq/broker.hpp"
#include "tests/support/services.hpp"
#include "tests/support/temp_dir.hpp"

namespace pecanctl::test {

/// Looks every few milliseconds until `condition` holds; false when it did not within `limit`.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds limit = std::chrono::seconds{15});

/// A running pecan-worker. Killed at the end of the scope if it still runs.
class WorkerProcess {
 public:
  /// `variables` ("NAME=value") come on top of this process's environment; output is appended to
  /// `log`. `option` is its one argument.
  WorkerProcess(const std::filesystem::path& folder, const std::filesystem::path& log,
                const std::vector<std::string>& variables, std::string option = {});
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  ~WorkerProcess();

  void signal(int number) const;

  pid_t pid() const { return pid_; }

  /// Its exit status, 128 + n for signal n; nothing when it still runs after `limit`.
  std::optional<int> wait_for_end(std::chrono::milliseconds limit = std::chrono::seconds{15});

 private:
  pid_t pid_ = -1;
};

/// A model with a queue of its own, workers for it, and run folders.
class Lab {
 public:
  Lab();
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;
  ~Lab();

  const std::string& queue() const { return queue_; }

  const std::filesystem::path& path() const { return dir_.path(); }

  rabbitmq::Broker& broker() { return *broker_; }

  std::unique_ptr<WorkerProcess> start_worker(const std::vector<std::string>& variables = {},
                                              const std::string& option = {});
  /// A run folder whose job.sh is `script` (of /bin/sh).
  std::filesystem::path make_job(const std::string& name, const std::string& script);
  /// Like that, but the job writes a line "<its pid>" to `runs` and then waits until `open_gate`.
  std::filesystem::path make_gated_job(const std::string& name);
  /// Lets one waiting job go on.
  static void open_gate(const std::filesystem::path& folder);
  /// How often a gated job was started, and the process id of the last.
  static std::vector<std::string> list_runs(const std::filesystem::path& folder);
  /// Whether a gated job is started `runs` times before long.
  static bool is_started(const std::filesystem::path& folder, std::size_t runs = 1);

  void submit(const std::filesystem::path& folder, const std::string& message_id = "");
  void submit_body(const std::string& body, const std::string& message_id = "");
  /// The next reply (to messages submitted from now on); nothing when none comes.
  std::optional<rabbitmq::Message> next_reply();
  void ask_for_replies();
  /// Messages in the queue that no worker has.
  std::uint64_t count_ready();
  /// What the workers said.
  std::string log() const;
  /// Text of rabbitmq.out, once there.
  static std::string wait_for_outcome(const std::filesystem::path& folder);

 private:
  TempDir dir_;
  std::string type_;
  std::string queue_;
  std::unique_ptr<rabbitmq::Broker> broker_;
  std::string replies_;
};

}  // namespace pecanctl::test
