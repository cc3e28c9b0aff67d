// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "cli/converge.hpp"
#include "core/deployment/update.hpp"

namespace pecanctl::cli {

class Context;

/// Asks the registries of the instance's images what is newer than pecan.yml's release.
/// @throws Error as deployment::find_update and docker::Registry
deployment::Update look_for_update(Context& context);

/// "PEcAn 1.9.0 is out; …"
std::string describe_update(const deployment::Update& update);

/// From now on pecan.yml is as if it asked for the newest release; the file stays as it is until
/// write_past_revision. Says what it found. Returns whether there is a newer one.
bool use_newest_release(Context& context);

/// What that changes in pecan.yml; no lines: nothing.
FileChange plan_release(Context& context);

}  // namespace pecanctl::cli
