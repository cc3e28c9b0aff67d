// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include "core/engine/backend.hpp"

namespace pecanctl::docker {
class Engine;
}

namespace pecanctl::engine {

/// One machine through its Docker socket. `engine` outlives the result. Not thread-safe.
///
/// Files of a service are in an engine volume of its own, mounted read-only at /run/pecanctl: they
/// appear neither in `docker inspect` nor in the environment, and need no path of the host that the
/// engine can see.
std::unique_ptr<Backend> make_docker_backend(docker::Engine& engine);

}  // namespace pecanctl::engine
