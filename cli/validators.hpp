// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
class Validator;
}  // namespace CLI

namespace pecanctl::cli {

/// Adds an option that takes a duration ("90s", "12h").
CLI::Option* add_duration(CLI::App& app, const std::string& flag, std::chrono::milliseconds& target,
                          const std::string& description);

/// An option that makes a command do something else, and whose value may be left out.
struct ModeOption {
  CLI::Option* option = nullptr;  ///< of the parser that outlives this
  std::string value = {};

  /// Whether it was there, with a value or without.
  bool is_wanted() const;
};

/// Adds one; `type` names its value in the help.
void add_mode(CLI::App& app, const std::string& flag, ModeOption& target, const std::string& type,
              const std::string& description);

/// Takes one of `words`; of another it says which was probably meant.
CLI::Validator one_of(std::vector<std::string> words);

}  // namespace pecanctl::cli
