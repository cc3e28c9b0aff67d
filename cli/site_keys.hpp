// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/replication/obtain.hpp"

namespace pecanctl::cli {

class Context;

/// Looks in Consul for the key that a site has registered. Without a Consul none is known: pulling
/// works without one. Its result lives no longer than the context.
replication::FindKey make_find_key(Context& context);

}  // namespace pecanctl::cli
