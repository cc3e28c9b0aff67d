// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/config/diagnostics.hpp"
#include "core/config/node.hpp"

namespace pecanctl::config {

/// The value of an environment variable, if it is set. The environment itself is looked at in cli/
/// only.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

/// Replaces in every scalar below `node` (keys stay): `${VAR}`, an error when unset;
/// `${VAR:-default}` and
/// `${VAR:?why}`, which take empty for unset, as in a shell; `$$`, a dollar sign. Anything else
/// stays as it is.
void expand_variables(Node& node, const Lookup& lookup, Diagnostics& diagnostics);

}  // namespace pecanctl::config
