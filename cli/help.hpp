// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "cli/reference.hpp"

namespace pecanctl::cli {

enum class HelpSize {
  brief,  ///< -h: fits on a screen of 24 lines
  full,   ///< --help: with the flags that every command has
};

/// The help texts, of at most 80 columns.
std::string render_program_help(const Reference& reference, HelpSize size);
std::string render_command_help(const Reference& reference, const CommandText& command,
                                HelpSize size);
std::string render_exit_codes();

}  // namespace pecanctl::cli
