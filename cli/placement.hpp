// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <string>

namespace pecanctl::cli {

class Context;

/// Refuses counts of workers (those that beat pecan.yml's) that this machine cannot hold.
/// @throws Error invalid with the arithmetic
void require_room(Context& context, const std::map<std::string, int>& replicas);

/// How many workers of `model` it can hold, when `replicas` are those of the others.
int room_for(Context& context, const std::string& model,
             const std::map<std::string, int>& replicas);

}  // namespace pecanctl::cli
