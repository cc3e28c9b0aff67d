// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "cli/converge.hpp"

namespace pecanctl::cli {

/// What a deploy would write into config.php beside pecan.yml; no lines when it is as wanted, or
/// not needed. Changes nothing.
FileChange plan_config_php(Context& context);

/// Writes it. Returns whether it was not so already.
bool write_config_php(Context& context);

}  // namespace pecanctl::cli
