// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/style.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "cli/context.hpp"
#include "cli/output/terminal.hpp"

namespace pecanctl::cli {

bool has_color_on_stdout(const GlobalOptions& options)
{
  if (options.color != "auto") {
    return options.color == "always";
  }
  const bool is_off = !find_variable("NO_COLOR").value_or("").empty() ||
                      find_variable("TERM").value_or("dumb") == "dumb";
  return !is_off && output::is_terminal(STDOUT_FILENO);
}

bool stdout_has_reader()
{
  pollfd output{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
  return ::poll(&output, 1, 0) <= 0 || (output.revents & (POLLERR | POLLNVAL)) == 0;
}

bool has_unicode()
{
  // The first that is set and not empty counts. Source: POSIX, environment variables.
  for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    auto value = find_variable(name).value_or("");
    if (!value.empty()) {
      std::ranges::transform(value, value.begin(), [](unsigned char letter) {
        return static_cast<char>(std::tolower(letter));
      });
      return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
    }
  }
  return false;
}

}  // namespace pecanctl::cli
