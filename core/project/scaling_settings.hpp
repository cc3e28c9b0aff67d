// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>

#include "core/config/diagnostics.hpp"
#include "core/config/node.hpp"
#include "core/stack/stack.hpp"

// Private to this folder.
namespace pecanctl::project {

/// What `models.X.scale` says; nothing when the model has none. Mistakes go to `diagnostics`.
std::optional<stack::Scaling> read_scaling(const config::Node& model,
                                           config::Diagnostics& diagnostics);

/// `models.X.replicas`. Where nobody says, a model whose queue decides begins with its minimum.
int read_replicas(const config::Node& model, const std::optional<stack::Scaling>& scaling);

}  // namespace pecanctl::project
