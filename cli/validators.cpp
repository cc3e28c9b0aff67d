// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/validators.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "core/base/text.hpp"

namespace pecanctl::cli {

CLI::Option* add_duration(CLI::App& app, const std::string& flag, std::chrono::milliseconds& target,
                          const std::string& description)
{
  return app
      .add_option_function<std::string>(
          flag,
          [&target, flag](const std::string& text) {
            const auto duration = parse_duration(text);
            if (!duration) {
              throw CLI::ValidationError{flag,
                                         "'" + text + "' is no duration: write 90s, 5m or 12h"};
            }
            target = *duration;
          },
          description)
      ->type_name("DURATION");
}

bool ModeOption::is_wanted() const
{
  return option != nullptr && option->count() > 0;
}

void add_mode(CLI::App& app, const std::string& flag, ModeOption& target, const std::string& type,
              const std::string& description)
{
  target.option = app.add_option(flag, target.value, description)->type_name(type)->expected(0, 1);
}

CLI::Validator one_of(std::vector<std::string> words)
{
  const auto choices = fmt::format("{{{}}}", fmt::join(words, ","));
  return {[words = std::move(words), choices](const std::string& word) -> std::string {
            if (std::ranges::find(words, word) != words.end()) {
              return {};
            }
            const auto guess = did_you_mean(word, words);
            return fmt::format("'{}' is none of {}{}", word, choices,
                               guess.empty() ? "" : "; " + guess);
          },
          choices};
}

}  // namespace pecanctl::cli
