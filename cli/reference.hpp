// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pecanctl::cli {

/// The group of flags that the short help leaves out.
inline constexpr std::string_view k_advanced = "More";

/// A flag, or (without names) a positional argument.
struct ArgumentText {
  std::vector<std::string> names = {};    ///< "-j", "--jobs"
  std::string value = {};                 ///< "N"; of a positional its name; empty: a switch
  std::string description = {};           ///< a phrase, without a full stop
  std::vector<std::string> choices = {};  ///< the values there are, when they are few
  bool is_advanced = false;               ///< not in the short help
  bool is_required = false;
  bool is_repeatable = false;  ///< a positional that may be given several times
  bool has_optional_value = false;

  bool is_switch() const { return value.empty(); }

  /// "auto|always|never" where that is short, else `value`.
  std::string shown_value() const;
};

/// "pecanctl deploy -n   what would change": what to type, and what for.
struct ExampleText {
  std::string line = {};
  std::string comment = {};
};

struct CommandText {
  std::string group = {};
  std::string name = {};
  std::string summary = {};
  std::vector<ArgumentText> positionals = {};
  std::vector<ArgumentText> flags = {};
  std::vector<ExampleText> examples = {};

  /// "pecanctl deploy [SERVICE...] [FLAG...]".
  std::string synopsis() const;
};

/// What the command line understands, in words. Read from the command table and the flags that its
/// commands declare, so that help, manual pages and completion know exactly what the parser knows.
struct Reference {
  std::vector<CommandText> commands = {};
  std::vector<ArgumentText> global_flags = {};

  const CommandText* find(std::string_view command) const;
};

Reference describe_program();

}  // namespace pecanctl::cli
