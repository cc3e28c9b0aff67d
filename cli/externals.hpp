// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "core/base/cancel.hpp"
#include "core/inspection/status.hpp"

namespace pecanctl::cli {

class Context;

/// What marks a load of this instance's database: of its own where the server is not ours alone.
std::string load_mark(Context& context);

/// Looks whether a deploy can use what runs elsewhere. Changes nothing.
/// @throws Error with what is missing there
void require_externals(Context& context, const Deadline& deadline);

/// Adds what runs elsewhere: "external", or "unreachable" with a problem that says why.
void add_externals(Context& context, const Deadline& deadline, inspection::InstanceStatus& status);

}  // namespace pecanctl::cli
