// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "core/replication/inflate.hpp"
#include "core/replication/spool.hpp"

namespace pecanctl::replication {

/// Unpacks `bety.tar.gz` into `spool`: members `<table>.csv` and `<md5>.schema`, without a folder
/// in front. Other plain files are dropped. The whole file is read: the gzip checksum is verified,
/// and the end of the tar. Returns the name of the schema member without its suffix; empty: none.
/// @throws Error invalid: not a gzip, cut off, wrong checksum, not a tar; links, devices, folders,
/// absolute paths and `..`; two members of one name; more than `limits`. Cancelled.
std::string unpack_bundle(const std::filesystem::path& path, Spool& spool,
                          const BundleLimits& limits, const UnpackProgress& progress,
                          const std::stop_token& stop);

}  // namespace pecanctl::replication
