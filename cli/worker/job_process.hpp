// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/worker/kept_output.hpp"
#include "core/base/fd.hpp"

namespace pecanctl::worker {

/// What to start.
struct Command {
  std::vector<std::string> arguments = {};
  std::vector<std::string> environment = {};  ///< "NAME=value"
  std::filesystem::path folder = {};          ///< working directory
};

/// A running job: a process group of its own, standard input empty, both outputs captured in order.
/// The job has ended when its first process did and nothing holds its output open any more, as
/// Python's check_output sees it. No process of the group outlives this object, nor the worker,
/// however that ends.
class JobProcess {
 public:
  /// A program that cannot be started ends at once with status 127 and says why in its output.
  /// @throws Error when no process can be made.
  explicit JobProcess(const Command& command);
  JobProcess(const JobProcess&) = delete;
  JobProcess& operator=(const JobProcess&) = delete;
  ~JobProcess();

  /// Readable when there is output, or its end; -1 after that.
  int output_fd() const { return output_.get(); }

  /// Takes what is there.
  void read_output();
  /// `pid` ended with `status` (of waitpid(2)); returns whether it was the job's first process.
  bool on_exit(pid_t pid, int status);
  /// Sends `signal` to the whole group.
  void kill(int signal) const;

  bool is_finished() const { return status_.has_value() && !output_; }

  /// Exit status 0. Only when finished.
  bool is_ok() const;
  /// "exit status 3", "signal 9".
  std::string describe_end() const;

  std::string output() const { return kept_.text(); }

 private:
  Fd output_;
  Fd leash_;  ///< closed: the guard kills what is left of the group
  pid_t leader_ = -1;
  std::optional<int> status_;
  KeptOutput kept_;
};

}  // namespace pecanctl::worker
