// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "core/docker/engine.hpp"
#include "core/docker/json.hpp"
#include "core/docker/log_stream.hpp"
#include "core/docker/read.hpp"
#include "core/docker/request.hpp"

namespace pecanctl::docker {

void Engine::read_log(std::string_view id, const LogRange& range, const LogSink& sink,
                      const Deadline& deadline, std::stop_token stop)
{
  const auto what = fmt::format("read the log of container '{}'", id);
  const auto path = fmt::format("/containers/{}", percent_encode(id));
  const auto inspected = call(what, get(path + "/json"), deadline, stop);
  const bool has_terminal = read_details(parse_object(inspected.body)).has_terminal;
  LogFrames frames{has_terminal, sink.on_piece};
  auto target =
      target_of(path + "/logs", {{"stdout", "1"},
                                 {"stderr", "1"},
                                 {"timestamps", "1"},
                                 {"follow", range.follows ? "1" : ""},
                                 {"since", range.since},
                                 {"tail", range.tail < 0 ? "all" : std::to_string(range.tail)}});
  stream(
      what, get(std::move(target)),
      [&](std::string_view data) {
        frames.push(data);
        if (sink.on_pause) {
          sink.on_pause();
        }
      },
      deadline, std::move(stop));
  frames.finish();
  if (sink.on_pause) {
    sink.on_pause();
  }
}

std::vector<std::optional<ContainerUsage>> Engine::list_usage(std::span<const std::string> ids,
                                                              std::size_t width,
                                                              const Deadline& deadline,
                                                              std::stop_token stop)
{
  std::vector<http::Request> requests;
  for (const auto& id : ids) {
    // one-shot: no second sample after a second, which the caller has anyway.
    requests.push_back(get(target_of(fmt::format("/containers/{}/stats", percent_encode(id)),
                                     {{"stream", "false"}, {"one-shot", "true"}})));
  }
  auto outcomes = send_all(std::move(requests), width, {}, deadline, std::move(stop));
  std::vector<std::optional<ContainerUsage>> usage(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto* const response = std::get_if<http::Response>(&outcomes[i]);
    if (response != nullptr && response->status == 200) {
      usage[i] = read_usage(parse_object(response->body));
    }
  }
  return usage;
}

void Engine::check_pullable(std::string_view reference, const Deadline& deadline,
                            std::stop_token stop)
{
  const auto what = fmt::format("find image '{}' in its registry", reference);
  try {
    call(what, get(fmt::format("/distribution/{}/json", reference)), deadline, std::move(stop));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::failed || error.code() == ErrorCode::denied) {
      throw registry_error(error.info().why, what);
    }
    throw;
  }
}

}  // namespace pecanctl::docker
