// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/workflow/policy.hpp"

namespace CLI {
class App;
}

namespace pecanctl::cli {

/// What `pecanctl run` was asked.
struct RunFlags {
  std::string model = {};
  std::vector<std::string> folders = {};
  std::string array = {};
  std::vector<std::string> matrix = {};
  std::string model_folder = {};  ///< --template
  std::string runs_from = {};
  std::string task = {};  ///< a task file
  std::size_t jobs = 0;
  int retries = 0;
  std::string retry_on = {};
  std::string job_timeout = {};
  std::string halt = {};
  bool resumes = false;
  bool resumes_failed = false;
  bool is_detached = false;
  bool runs_again = false;
  bool is_attached = false;
  std::string attach = {};
  std::string cancel = {};
  std::string joblog = {};
  std::string results = {};
  bool shows_bar = false;
  bool shows_eta = false;

  bool has_rows() const { return !array.empty() || !matrix.empty(); }

  /// @throws Error usage.
  workflow::RunPolicy policy() const;
};

/// Declares the flags of `run`.
std::shared_ptr<RunFlags> add_run_flags(CLI::App& sub);

/// @throws Error usage for what does not go together.
void check_run_flags(const RunFlags& flags);

}  // namespace pecanctl::cli
