// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "cli/app.hpp"

/// One function a command: declares its flags on `sub`, returns what to run.
namespace pecanctl::cli::commands {

RunFn setup_init(CLI::App& sub);
RunFn setup_deploy(CLI::App& sub);
RunFn setup_run(CLI::App& sub);
RunFn setup_scale(CLI::App& sub);
RunFn setup_destroy(CLI::App& sub);
RunFn setup_status(CLI::App& sub);
RunFn setup_validate(CLI::App& sub);

}  // namespace pecanctl::cli::commands
