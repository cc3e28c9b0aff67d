// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "core/base/cancel.hpp"
#include "core/base/report.hpp"
#include "core/docker/engine.hpp"

namespace pecanctl::engine {

/// "quay.io" of "quay.io/x/y:1", "docker.io" of "rabbitmq:3".
std::string registry_of(std::string_view reference);

/// Pulls, and shows the download as `step`; gives up when the registry says nothing for a while.
/// After its first word the download may take what it takes. @throws Error as
/// docker::Engine::pull_image.
void pull_image(docker::Engine& engine, const std::string& reference, const Step& step,
                const Deadline& deadline, const std::stop_token& stop);

}  // namespace pecanctl::engine
