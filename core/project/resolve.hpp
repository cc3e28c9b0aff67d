// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/config/node.hpp"
#include "core/project/catalogue.hpp"
#include "core/project/instance_file.hpp"
#include "core/project/secrets.hpp"

namespace pecanctl::project {

/// A pecan.yml with everything filled in that it leaves out: variables, the schema's defaults, what
/// the catalogue knows of its models and of the standard services, the places of its secrets.
/// Parsed again it gives the same stack. Passwords inside URLs are replaced.
/// @throws Error invalid with every mistake
config::Node resolve_instance_file(const InstanceSource& source, const config::Lookup& lookup,
                                   const Catalogue& catalogue);

/// Replaces the instance's secrets wherever they stand in it.
void hide_secrets(config::Node& root, const Secrets& secrets);

}  // namespace pecanctl::project
