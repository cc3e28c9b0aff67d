// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
// Which database the composition root connects to.
#include <charconv>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

int port_in(const std::string& text)
{
  constexpr int k_standard = 5432;
  constexpr int k_largest = 65'535;
  int port = k_standard;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (!text.empty() && (error != std::errc{} || stop != end || port < 1 || port > k_largest)) {
    throw Error{{.code = ErrorCode::usage,
                 .what = fmt::format("cannot use PGPORT={}", escape_control(text)),
                 .hint = "write a port from 1 to 65535"}};
  }
  return port;
}

}  // namespace

bool Context::has_database_variables()
{
  return !find_variable("PGHOST").value_or("").empty();
}

postgres::Endpoint Context::database_endpoint(const Deadline& deadline)
{
  if (!has_database_variables()) {
    return services().database_endpoint(deadline, stop_);
  }
  const Secret password{find_variable("PGPASSWORD").value_or("")};
  printer_.redactor().add(password);
  const postgres::Endpoint standard;
  return {.host = find_variable("PGHOST").value_or(""),
          .port = port_in(find_variable("PGPORT").value_or("")),
          .database = find_variable("PGDATABASE").value_or(standard.database),
          .user = find_variable("PGUSER").value_or(standard.user),
          .password = password};
}

}  // namespace pecanctl::cli
