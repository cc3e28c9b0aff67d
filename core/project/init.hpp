// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/secret.hpp"
#include "core/project/catalogue.hpp"

namespace pecanctl::project {

struct InitOptions {
  std::filesystem::path folder;  ///< absolute
  std::string name = {};         ///< empty: from the folder's name
  std::string profile = "core";
  std::string release = "1.8.0";
  std::vector<std::string> models = {};  ///< empty: the model that ships, dalec
  std::string data = {};                 ///< host folder for /data; empty: an engine volume
};

/// A file to make. Its content may be a secret.
struct PlannedFile {
  std::filesystem::path path;  ///< relative to the folder
  Secret content;
  unsigned mode = 0644;
};

/// What `init` did, paths relative to the folder.
struct InitResult {
  std::vector<std::filesystem::path> created;
  std::vector<std::filesystem::path> kept;
};

/// `text` made into an instance name: "My Site!" becomes "my-site"; "pecan" when nothing is left of
/// it.
std::string name_from(std::string_view text);

/// The files of a new instance: pecan.yml, fresh secrets, its identity, .gitignore. Touches
/// nothing.
/// @throws Error usage: a name that is none, an unknown model, a profile of later work
std::vector<PlannedFile> plan_init(const InitOptions& options, const Catalogue& catalogue);

/// Makes what is not there yet, each file wholly or not at all; what is there stays as it is,
/// secrets above all.
/// @throws Error invalid when the folder or its secrets/ is a symbolic link, or others may write to
/// secrets/; Cancelled between two files.
InitResult apply_init(const std::vector<PlannedFile>& files, const std::filesystem::path& folder,
                      const std::stop_token& stop = {});

}  // namespace pecanctl::project
