// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <span>

#include "core/config/node.hpp"
#include "core/config/schema.hpp"
#include "core/project/catalogue.hpp"

namespace pecanctl::project {

/// What may be said of a service in templates/stack.yaml.
std::span<const config::Key> service_template_keys();

/// A service of templates/stack.yaml, checked against those keys; folders are below `templates`.
stack::Service read_service_template(const config::Node& node,
                                     const std::filesystem::path& templates);
/// The same with what only those of the profile full have.
WebService read_web_service(const config::Node& node, const std::filesystem::path& templates);

}  // namespace pecanctl::project
