// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "core/config/node.hpp"

namespace pecanctl::project {

/// The part of PEcAn's config.php that follows from pecan.yml: database, broker, this machine, and
/// the execution `hosts`. No secret is in it: PHP reads them from its environment.
/// Source: PEcAn docker/web/config.docker.php.
std::string render_config_php(const config::Node& hosts);

/// The operator's config.php with `generated` in the place of what stood between our marks; what
/// they added themselves stays. Empty: a new one.
/// @throws Error invalid when a mark is missing.
std::string merge_config_php(std::string_view existing, std::string_view generated);

}  // namespace pecanctl::project
