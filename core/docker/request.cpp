// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/docker/request.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "core/docker/json.hpp"

namespace pecanctl::docker {
namespace {

bool has_any(std::string_view text, std::initializer_list<std::string_view> parts)
{
  return std::ranges::any_of(
      parts, [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

ErrorCode code_of(int status, std::string_view message)
{
  // The engine answers 500 and 403 where somebody else's object is in the way.
  if (has_any(message,
              {"port is already allocated", "address already in use", "has active endpoints"})) {
    return ErrorCode::conflict;
  }
  switch (status) {
    case 401:
    case 403:
      return ErrorCode::denied;
    case 404:
      return ErrorCode::not_found;
    case 409:
      return ErrorCode::conflict;
    default:
      return ErrorCode::failed;
  }
}

std::string reach_hint(std::string_view why)
{
  const auto is = [&](int errno_value) {
    return why == std::generic_category().message(errno_value);
  };
  if (is(ENOENT)) {
    return "install Docker, or start it: dockerd";
  }
  if (is(EACCES)) {
    return "join the group docker, or use sudo";
  }
  if (is(ECONNREFUSED)) {
    return "start the Docker daemon";
  }
  return "see whether Docker answers there: docker info";
}

}  // namespace

std::string target_of(std::string_view path, Query query)
{
  std::string target{path};
  char separator = '?';
  for (const auto& [key, value] : query) {
    if (!value.empty()) {
      target += fmt::format("{}{}={}", std::exchange(separator, '&'), key, percent_encode(value));
    }
  }
  return target;
}

http::Request get(std::string target)
{
  return {.method = http::Method::get, .target = std::move(target)};
}

http::Request remove(std::string target)
{
  return {.method = http::Method::del, .target = std::move(target)};
}

http::Request post(std::string target)
{
  return {.method = http::Method::post, .target = std::move(target)};
}

http::Request post_json(std::string target, const nlohmann::json& body)
{
  return {.method = http::Method::post,
          .target = std::move(target),
          .headers = {{.name = "Content-Type", .value = "application/json"}},
          .body = dump_json(body)};
}

std::string label_filter(std::span<const std::string> labels)
{
  return labels.empty() ? std::string{} : dump_json({{"label", labels}});
}

bool is_absent(const http::Response& response)
{
  return response.status == 404;
}

std::string message_of(const http::Response& response)
{
  try {
    if (auto message = text_of(parse_json(response.body), "message"); !message.empty()) {
      return escape_control(message);
    }
  } catch (const Error&) {
    // Not JSON: a proxy, or an engine in trouble. Its text is all there is.
  }
  return escape_control(trim(std::string_view{response.body}.substr(0, 1000)));
}

Error status_error(const http::Response& response, std::string_view what)
{
  auto message = message_of(response);
  const auto code = code_of(response.status, message);
  return Error{{.code = code,
                .what = fmt::format("cannot {}", what),
                .why = message.empty() ? fmt::format("Docker answered {}", response.status)
                                       : std::move(message)}};
}

Error reach_error(const Error& error, std::string_view what, std::string_view display)
{
  auto info = error.info();
  if (info.code == ErrorCode::unreachable || info.code == ErrorCode::denied) {
    if (const auto prefix = fmt::format("{}: ", display); info.why.starts_with(prefix)) {
      info.why.erase(0, prefix.size());
    }
    info.what = fmt::format("cannot reach Docker at {}", display);
    info.hint = reach_hint(info.why);
  } else {
    info.what = fmt::format("cannot {}", what);
  }
  return Error{std::move(info)};
}

Error registry_error(std::string message, std::string_view what)
{
  auto code = ErrorCode::failed;
  if (has_any(message, {"no such host", "connection refused", "i/o timeout", "Client.Timeout",
                        "network is unreachable"})) {
    code = ErrorCode::unreachable;
  } else if (has_any(message, {"denied", "unauthorized"})) {
    code = ErrorCode::denied;
  } else if (has_any(message, {"not found", "manifest unknown"})) {
    code = ErrorCode::not_found;
  }
  return Error{
      {.code = code, .what = fmt::format("cannot {}", what), .why = escape_control(trim(message))}};
}

}  // namespace pecanctl::docker
