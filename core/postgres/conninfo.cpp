// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/postgres/conninfo.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace pecanctl::postgres {
namespace {

// libpq counts whole seconds, takes 1 as 2, and 0 as no limit.
std::string connect_timeout(const Deadline& deadline)
{
  constexpr std::chrono::seconds k_longest{60};
  const auto left = std::chrono::ceil<std::chrono::seconds>(
      std::min<std::chrono::milliseconds>(deadline.left(), k_longest));
  return fmt::to_string(std::max<std::chrono::seconds::rep>(left.count(), 2));
}

std::string without_excerpt(std::string_view message)
{
  std::string kept;
  bool is_excerpt = false;
  for (const auto& line : split(trim(message), '\n')) {
    const auto text = trim(line);
    // An excerpt is a line "LINE 7: …" and one with only a caret.
    is_excerpt = text.starts_with("LINE ") || (is_excerpt && text == "^");
    if (!is_excerpt) {
      kept += kept.empty() ? "" : "; ";
      kept += text;
    }
  }
  return kept;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> connection_options(const Endpoint& endpoint,
                                                                    const Deadline& deadline)
{
  std::vector<std::pair<std::string, std::string>> options{
      {"host", endpoint.host},
      {"port", fmt::to_string(endpoint.port)},
      {"dbname", endpoint.database},
      {"user", endpoint.user},
      {"application_name", "pecanctl"},
      {"client_encoding", "UTF8"},
      {"connect_timeout", connect_timeout(deadline)},
      {"gssencmode", "disable"},
      {"keepalives_idle", "30"},
      {"tcp_user_timeout", "20000"},
  };
  if (!endpoint.password.is_empty()) {
    options.emplace_back("password", endpoint.password.reveal());
  }
  return options;
}

std::string describe(const Endpoint& endpoint)
{
  const auto* const separator = endpoint.host.starts_with('/') ? ", port " : ":";
  return fmt::format("database '{}' at {}{}{}", endpoint.database, endpoint.host, separator,
                     endpoint.port);
}

ErrorCode code_of(std::string_view sqlstate)
{
  const auto kind = sqlstate.substr(0, 2);
  if (kind == "08" || sqlstate.starts_with("57P") || sqlstate == "53300") {
    return ErrorCode::unreachable;
  }
  if (kind == "28" || sqlstate == "42501") {
    return ErrorCode::denied;
  }
  if (sqlstate == "3D000") {
    return ErrorCode::not_found;
  }
  return kind == "23" ? ErrorCode::conflict : ErrorCode::failed;
}

Error server_error(const Endpoint& endpoint, std::string_view message, std::string_view sqlstate,
                   ErrorCode code)
{
  auto why = escape_control(without_excerpt(message));
  if (!sqlstate.empty()) {
    why += fmt::format(" (SQLSTATE {})", sqlstate);
  }
  return Error{{.code = code,
                .what = fmt::format("cannot use {}", describe(endpoint)),
                .why = std::move(why)}};
}

}  // namespace pecanctl::postgres
