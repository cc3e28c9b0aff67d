// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>

#include "cli/app.hpp"

/// One function a command: declares its flags on `sub`, returns what to run.
namespace pecanctl::cli::commands {

/// How long a command that changes something may take, unless --timeout says otherwise.
inline constexpr std::chrono::minutes k_change_deadline{90};
/// How long busy workers are waited for, unless --drain-timeout says otherwise.
inline constexpr std::chrono::minutes k_drain_timeout{60};

RunFn setup_init(CLI::App& sub);
RunFn setup_deploy(CLI::App& sub);
RunFn setup_register(CLI::App& sub);
RunFn setup_run(CLI::App& sub);
RunFn setup_scale(CLI::App& sub);
RunFn setup_sync(CLI::App& sub);
RunFn setup_destroy(CLI::App& sub);
RunFn setup_status(CLI::App& sub);
RunFn setup_logs(CLI::App& sub);
RunFn setup_doctor(CLI::App& sub);
RunFn setup_validate(CLI::App& sub);
RunFn setup_agent(CLI::App& sub);
RunFn setup_completion(CLI::App& sub);
RunFn setup_help(CLI::App& sub);
RunFn setup_version(CLI::App& sub);

}  // namespace pecanctl::cli::commands
