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

/// Takes one of `words`; of another it says which was probably meant.
CLI::Validator one_of(std::vector<std::string> words);

}  // namespace pecanctl::cli
