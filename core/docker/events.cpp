// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <exception>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/docker/engine.hpp"
#include "core/docker/json.hpp"
#include "core/docker/request.hpp"
#include "core/docker/stream.hpp"

namespace pecanctl::docker {
namespace {

// Leaves the stream when its reader has seen enough.
class EnoughSeen : public std::exception {};

Engine::EngineEvent read_event(const Json& json)
{
  Engine::EngineEvent event{
      .type = text_of(json, "Type"), .action = text_of(json, "Action"), .id = {}, .attributes = {}};
  if (const auto* const actor = find_member(json, "Actor")) {
    event.id = text_of(*actor, "ID");
    event.attributes = labels_of(*actor, "Attributes");
  }
  return event;
}

}  // namespace

void Engine::watch_events(std::span<const std::string> labels,
                          const std::function<bool(const EngineEvent&)>& sink,
                          const Deadline& deadline, std::stop_token stop)
{
  watch_events_since({}, labels, sink, deadline, std::move(stop));
}

void Engine::watch_events_since(std::string_view since, std::span<const std::string> labels,
                                const std::function<bool(const EngineEvent&)>& sink,
                                const Deadline& deadline, std::stop_token stop)
{
  LineSplitter lines{[&](std::string_view line) {
    if (!sink(read_event(parse_object(line)))) {
      throw EnoughSeen{};
    }
  }};
  try {
    stream(
        "watch events",
        get(target_of("/events",
                      {{"since", std::string{since}}, {"filters", label_filter(labels)}})),
        [&](std::string_view piece) { lines.push(piece); }, deadline, std::move(stop));
  } catch (const EnoughSeen&) {
    return;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::timeout && deadline.is_over()) {
      return;
    }
    throw;
  }
  throw Error{{.code = ErrorCode::unreachable,
               .what = "cannot watch events any longer",
               .why = "Docker ended the stream"}};
}

}  // namespace pecanctl::docker
