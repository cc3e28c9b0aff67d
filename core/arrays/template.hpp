// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/arrays/table.hpp"
#include "core/base/cancel.hpp"
#include "core/engine/data_access.hpp"

namespace pecanctl::arrays {

/// What the run folders of an array are made from. The name of a file that is filled in ends in
/// ".in", which the made file's does not.
struct Template {
  std::string name = {};                    ///< as the user wrote it
  std::vector<engine::NewFile> files = {};  ///< sorted by path
};

/// The files of the folder `path` of this machine, with those of its folders. An older outcome
/// (rabbitmq.out) is no part of it. @throws Error not_found, denied; invalid when it has no job.sh
/// (nor job.sh.in), a file that is neither file nor folder, or more than 64 MiB.
Template read_template(const std::filesystem::path& path);

/// The same of a folder below /data. @throws Error as above.
Template read_template(engine::DataAccess& data, const std::string& path, const Deadline& deadline,
                       std::stop_token stop);

/// The files of one run folder: "job.sh.in", filled in, is "job.sh".
std::vector<engine::NewFile> fill_template(const Template& model, const Table& table,
                                           std::size_t row);

/// A run folder to be: its path below /data and the row that it is for.
struct RowFolder {
  std::string path = {};
  std::uint32_t row = 0;
};

struct MadeFolders {
  std::size_t made = 0;
  std::size_t kept = 0;                   ///< they were there, with what the template gives
  std::size_t set_aside = 0;              ///< they held something else, and have another name now
  std::vector<std::string> missing = {};  ///< paths of those to make, of a mere look
};

struct MakeOptions {
  /// A folder that holds something else gets this after its name, and a new one is made. Empty: it
  /// is an error.
  std::string set_aside_suffix = {};
  /// Folders whose jobs are under way: they keep their name, or the job's outcome would appear in
  /// the new folder.
  std::set<std::string> in_use = {};
};

/// Makes each of `folders` from `model`. Each appears whole or not at all. One that is there is
/// left as it is when it has the template's files, whatever else. @throws Error invalid with those
/// that hold something else and may not be set aside; denied.
MadeFolders make_folders(engine::DataAccess& data, const Template& model, const Table& table,
                         std::span<const RowFolder> folders, const MakeOptions& options,
                         const Deadline& deadline, std::stop_token stop);

/// What make_folders would do. Changes nothing.
MadeFolders look_at_folders(engine::DataAccess& data, const Template& model, const Table& table,
                            std::span<const RowFolder> folders, const MakeOptions& options,
                            const Deadline& deadline, std::stop_token stop);

}  // namespace pecanctl::arrays
