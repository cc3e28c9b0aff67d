// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/docker/engine.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/docker/json.hpp"
#include "core/docker/read.hpp"
#include "core/docker/request.hpp"

namespace pecanctl::docker {
namespace {

std::string render(const ApiVersion& version)
{
  return fmt::format("{}.{}", version.major, version.minor);
}

// The newest version both sides know.
ApiVersion negotiate(const http::Response& ping, std::string_view display)
{
  const std::string header{ping.header("Api-Version")};
  ApiVersion theirs;
  if (ping.status != 200 ||
      std::sscanf(header.c_str(), "%d.%d", &theirs.major, &theirs.minor) != 2) {
    throw Error{{.code = ErrorCode::unreachable,
                 .what = fmt::format("cannot reach Docker at {}", display),
                 .why = fmt::format("what answers there is no Docker engine (status {}) {}",
                                    ping.status, message_of(ping))}};
  }
  if (theirs < k_oldest_api) {
    throw Error{
        {.code = ErrorCode::failed,
         .what = fmt::format("cannot work with Docker at {}", display),
         .why = fmt::format("it speaks API {}; we need at least {}", header, render(k_oldest_api)),
         .hint = "update Docker to 20.10 or newer"}};
  }
  return std::min(theirs, k_newest_api);
}

}  // namespace

Engine::Engine(std::unique_ptr<http::Transport> transport) : transport_{std::move(transport)} {}

ApiVersion Engine::api(const Deadline& deadline, std::stop_token stop)
{
  if (!api_) {
    const auto display = transport_->display();
    try {
      const auto ping = transport_->send(get("/_ping"), deadline, std::move(stop));
      api_ = negotiate(ping, display);
    } catch (const Error& error) {
      throw reach_error(error, "reach Docker", display);
    }
  }
  return *api_;
}

std::string Engine::versioned(std::string_view target, const Deadline& deadline,
                              std::stop_token stop)
{
  return fmt::format("/v{}{}", render(api(deadline, std::move(stop))), target);
}

http::Outcome Engine::exchange(http::Request request, const http::BodySink* sink,
                               const Deadline& deadline, std::stop_token stop)
{
  request.target = versioned(request.target, deadline, stop);
  bool in_sink = false;
  const http::BodySink guarded = [&](std::string_view piece) {
    in_sink = true;
    (*sink)(piece);
    in_sink = false;
  };
  try {
    return sink == nullptr
               ? transport_->send(request, deadline, stop)
               : transport_->stream(request, guarded, std::chrono::milliseconds{0}, deadline, stop);
  } catch (const Error& error) {
    if (in_sink) {
      throw;  // not the transport's: no other words for it
    }
    return error;
  }
}

http::Response Engine::checked(std::string_view what, http::Outcome outcome,
                               const IsFine& is_fine) const
{
  if (const auto* const error = std::get_if<Error>(&outcome)) {
    throw reach_error(*error, what, transport_->display());
  }
  auto& response = std::get<http::Response>(outcome);
  const bool is_success = response.status / 100 == 2 || response.status == 304;
  if (!is_success && !(is_fine && is_fine(response))) {
    throw status_error(response, what);
  }
  return std::move(response);
}

http::Response Engine::call(std::string_view what, http::Request request, const Deadline& deadline,
                            std::stop_token stop)
{
  return checked(what, exchange(std::move(request), nullptr, deadline, std::move(stop)));
}

std::optional<http::Response> Engine::find(std::string_view what, http::Request request,
                                           const Deadline& deadline, std::stop_token stop)
{
  auto response =
      checked(what, exchange(std::move(request), nullptr, deadline, std::move(stop)), is_absent);
  return is_absent(response) ? std::nullopt : std::optional{std::move(response)};
}

void Engine::stream(std::string_view what, http::Request request, const http::BodySink& sink,
                    const Deadline& deadline, std::stop_token stop)
{
  checked(what, exchange(std::move(request), &sink, deadline, std::move(stop)));
}

bool Engine::remove(std::string_view what, std::string target, const Deadline& deadline,
                    std::stop_token stop)
{
  return find(what, docker::remove(std::move(target)), deadline, std::move(stop)).has_value();
}

std::vector<http::Outcome> Engine::send_all(std::vector<http::Request> requests, std::size_t width,
                                            const std::function<void(std::size_t)>& on_done,
                                            const Deadline& deadline, std::stop_token stop)
{
  for (auto& request : requests) {
    request.target = versioned(request.target, deadline, stop);
  }
  return transport_->send_all(requests, width, on_done, deadline, std::move(stop));
}

BatchResult Engine::run_batch(std::span<const std::string> ids, const Batch& batch,
                              const Deadline& deadline, std::stop_token stop)
{
  std::vector<http::Request> requests;
  std::ranges::transform(ids, std::back_inserter(requests), batch.request);
  auto outcomes =
      send_all(std::move(requests), batch.width, batch.on_done, deadline, std::move(stop));
  BatchResult result(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    try {
      checked(fmt::format("{} container '{}'", batch.verb, ids[i]), std::move(outcomes[i]),
              batch.is_fine);
    } catch (const Error& error) {
      result[i] = error;
    }
  }
  return result;
}

std::vector<std::optional<http::Response>> Engine::ask_each(std::span<const std::string> names,
                                                            const Question& question,
                                                            const Deadline& deadline,
                                                            std::stop_token stop)
{
  std::vector<http::Request> requests;
  std::ranges::transform(names, std::back_inserter(requests), question.request);
  auto outcomes = send_all(std::move(requests), question.width, {}, deadline, std::move(stop));
  std::vector<std::optional<http::Response>> answers(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto response = checked(fmt::format("{} '{}'", question.what, names[i]), std::move(outcomes[i]),
                            question.is_none);
    if (!question.is_none(response)) {
      answers[i] = std::move(response);
    }
  }
  return answers;
}

EngineInfo Engine::get_info(const Deadline& deadline, std::stop_token stop)
{
  const auto response =
      call("read what Docker says about itself", get("/info"), deadline, std::move(stop));
  auto info = read_info(parse_object(response.body));
  info.api = *api_;
  return info;
}

}  // namespace pecanctl::docker
