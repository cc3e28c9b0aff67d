// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "core/project/make_stack.hpp"

namespace pecanctl::project {

/// The name of the instance: the machine's word for it, else the file's.
std::string instance_name(const InstanceFile& file, const Machine& machine);

/// What pecan.yml changes in a standard service.
void apply_override(const InstanceFile& file, stack::Service& service);

/// Adds the services of the profile full, but those that are off, and their volumes.
void add_web_services(const InstanceFile& file, const Catalogue& catalogue, const Secrets& secrets,
                      const Machine& machine, stack::Stack& stack);

}  // namespace pecanctl::project
