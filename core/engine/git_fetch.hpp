// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <stop_token>

#include "core/base/cancel.hpp"
#include "core/stack/git_context.hpp"

namespace pecanctl::engine {

/// The files of a GitContext on this machine, while this lives. Fetched by the program `git`, with
/// its own settings and credentials; nothing of the repository is run, and submodules stay empty.
class GitCheckout {
 public:
  /// @throws Error not_found (no git here, or no such commit or folder there), failed (`why` is
  /// what git said), timeout; Cancelled.
  GitCheckout(const stack::GitContext& context, const Deadline& deadline,
              const std::stop_token& stop);

  /// The folder to build from.
  const std::filesystem::path& folder() const { return folder_; }

 private:
  class TempFolder {
   public:
    TempFolder();
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder();

    const std::filesystem::path& path() const { return path_; }

   private:
    std::filesystem::path path_;
  };

  TempFolder root_;
  std::filesystem::path folder_;
};

}  // namespace pecanctl::engine
