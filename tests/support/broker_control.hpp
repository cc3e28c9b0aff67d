// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "core/base/text.hpp"
#include "tests/support/services.hpp"

namespace pecanctl::test {

/// What the broker's control program (PECANCTL_TEST_RABBITMQCTL: it takes rabbitmqctl's arguments)
/// prints for `arguments`. Without the variable the case is skipped.
inline std::string control_broker(const std::string& arguments)
{
  const auto command = service("PECANCTL_TEST_RABBITMQCTL") + " -q " + arguments;
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) {
    throw std::runtime_error{"cannot start " + command};
  }
  std::string output;
  std::array<char, 4096> block{};
  while (const auto got = std::fread(block.data(), 1, block.size(), pipe)) {
    output.append(block.data(), got);
  }
  if (::pclose(pipe) != 0) {
    throw std::runtime_error{command + " failed: " + output};
  }
  return output;
}

/// Makes the broker close the connections called `name` (error 320); returns how many.
inline int close_connections(const std::string& name)
{
  int closed = 0;
  for (const auto& line : split(control_broker("list_connections pid client_properties"), '\n')) {
    const auto columns = split(line, '\t');
    if (columns.size() == 2 && columns[1].find("\"" + name + "\"") != std::string::npos) {
      control_broker("close_connection '" + columns[0] + "' pecanctl-test");
      ++closed;
    }
  }
  return closed;
}

}  // namespace pecanctl::test
