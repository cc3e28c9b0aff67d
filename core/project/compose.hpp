// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "core/stack/stack.hpp"

namespace pecanctl::project {

/// `stack` as a Docker Compose file says it, for reading and comparing: secrets are replaced, and
/// the files that a service reads are named only (x-pecanctl-files), as is what runs elsewhere
/// (x-pecanctl-external). Pure.
/// Source: the Compose Specification.
std::string render_compose(const stack::Stack& stack);

}  // namespace pecanctl::project
