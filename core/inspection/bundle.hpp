// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/redact.hpp"
#include "core/inspection/doctor.hpp"

namespace pecanctl::inspection {

/// Where the program's issues are.
inline constexpr std::string_view k_repository = "https://github.com/PecanProject/pecanctl";

struct BundleFile {
  std::string name = {};  ///< "status.json"
  std::string content = {};
};

/// Writes a gzipped tar of `files`, below one folder, that only its owner may read (0600). Of each
/// file known secrets, passwords in URLs, and what is called a password or token are taken out.
/// @throws Error denied, failed.
void write_bundle(const std::filesystem::path& path, const std::vector<BundleFile>& files,
                  const Redactor& redactor);

/// The page on which an issue is written, with a title and what doctor found filled in. Less than
/// 4000 bytes; no path of this machine and no finding's words are in it, only its codes.
std::string make_issue_url(std::string_view version, const std::string& engine,
                           const std::vector<Examined>& results);

/// What Docker says about itself, as JSON: versions, drivers, sizes; no names.
std::string describe_engine(const Subject& subject, const Deadline& deadline,
                            const std::stop_token& stop);

}  // namespace pecanctl::inspection
