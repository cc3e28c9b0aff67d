// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

namespace pecanctl::stack {

/// A folder of a git repository, at one commit, to build an image from.
struct GitContext {
  std::string url = {};
  std::string commit = {};  ///< all of its hash, lower case
  std::string folder = {};  ///< below the top, "models/x"; empty: the top itself

  /// What images built from it are labelled with: where it was fetched from does not matter.
  std::string digest() const;
};

/// Whether `text` names a repository rather than a folder: "https://…", "git@host:…".
bool is_git_context(std::string_view text);

/// Reads "https://host/repository.git#<commit>:<folder>", as Docker writes it.
/// Branches and tags move, so only a whole commit is taken: the same file gives the same image.
/// @throws Error invalid, without what may be a password
GitContext parse_git_context(std::string_view text);

}  // namespace pecanctl::stack
