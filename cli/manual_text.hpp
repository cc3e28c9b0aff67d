// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string_view>

namespace pecanctl::cli {

/// A thing and what it means, for lists.
struct ManualEntry {
  std::string_view term;
  std::string_view meaning;
};

/// The prose of the manual that no table has: paragraphs, `backquotes` for bold.
std::span<const std::string_view> program_prose();
std::span<const std::string_view> instance_file_prose();

/// What pecanctl-<command>(1) says beyond its flags; nothing for a command that has no prose.
std::span<const std::string_view> command_prose(std::string_view command);

std::span<const ManualEntry> environment_entries();
std::span<const ManualEntry> file_entries();

}  // namespace pecanctl::cli
