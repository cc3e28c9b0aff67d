// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/validators.hpp"

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

}  // namespace pecanctl::cli
