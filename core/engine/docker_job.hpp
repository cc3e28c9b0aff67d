// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>

#include "core/base/cancel.hpp"
#include "core/docker/engine.hpp"
#include "core/engine/backend.hpp"

namespace pecanctl::engine {

/// Backend::run_job for one engine.
JobResult run_job(docker::Engine& engine, const stack::Stack& stack, const stack::Service& job,
                  const Image& image, const Deadline& deadline, const std::stop_token& stop);

}  // namespace pecanctl::engine
