// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "core/project/instance_file.hpp"

namespace pecanctl::http {
class FileServer;
}

namespace pecanctl::cli {

/// Where a published folder is served unless somebody says otherwise.
inline constexpr const char* k_serve_address = "127.0.0.1:9480";

/// Serves the folder that the instance publishes to at `address` ("127.0.0.1:0": a free port),
/// while it lives, to those who show the site's token; a new token counts at once.
/// @throws Error usage: no address, no folder; not_found: this site has no token; conflict
std::shared_ptr<http::FileServer> serve_published(const project::InstanceFile& file,
                                                  const std::string& address, std::string& url);

}  // namespace pecanctl::cli
