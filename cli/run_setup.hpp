// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/engine/data_access.hpp"
#include "core/workflow/run.hpp"
#include "core/workflow/run_store.hpp"

namespace pecanctl::cli {

class Context;

/// Where an instance's journals are.
std::filesystem::path runs_folder(const std::string& instance);

/// What MODEL means.
struct RunTarget {
  std::string model = {};  ///< service of its workers; empty: only the queue is known
  std::string queue = {};
  bool recognises_duplicates = false;
  bool is_scaled = false;  ///< its queue decides how many workers there are
};

/// Makes what `run` works with: the instance's journals, its /data, its broker.
class RunSetup {
 public:
  explicit RunSetup(Context& context);

  /// Makes its folder when there is none.
  const workflow::RunStore& store();
  /// What is there, for a look.
  std::optional<workflow::RunStore> find_store() const;

  /// @throws Error not_found with what was probably meant.
  RunTarget find_target(const std::string& model);
  /// Refuses when nobody would take a job; warns only when `is_detached`. @throws Error failed,
  /// not_found.
  void check_listeners(const RunTarget& target, bool is_detached, const Deadline& deadline);

  /// /data: the folder itself where we may read it, else through the engine. @throws Error
  /// not_found.
  engine::DataAccess& data();
  /// What /data is called on this machine.
  std::vector<std::string> host_folders();

  workflow::RunServices services(const RunTarget& target,
                                 std::function<void(const workflow::JobResult&)> on_result);

 private:
  Context& context_;
  std::filesystem::path folder_;
  std::unique_ptr<workflow::RunStore> store_;
  std::unique_ptr<engine::DataAccess> data_;
};

}  // namespace pecanctl::cli
