// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "core/docker/json.hpp"
#include "core/docker/types.hpp"
#include "core/http/transport.hpp"

/// The engine's answers as values of ours (Docker Engine API 1.41 and later).
namespace pecanctl::docker {

EngineInfo read_info(const Json& json);
Image read_image(const Json& json);
/// A row of the list of containers.
ContainerSummary read_summary(const Json& json);
/// The answer of inspect.
ContainerDetails read_details(const Json& json);
/// One sample of `stats`; nothing when the container was not running.
std::optional<ContainerUsage> read_usage(const Json& json);
std::vector<Process> read_processes(const Json& json);
Network read_network(const Json& json);
Volume read_volume(const Json& json);

/// Each answer that there is, read by `read` from its object. @throws Error as parse_object.
template <typename Read>
auto read_each(const std::vector<std::optional<http::Response>>& answers, const Read& read)
{
  std::vector<std::optional<std::invoke_result_t<Read, const Json&>>> values(answers.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i]) {
      values[i] = read(parse_object(answers[i]->body));
    }
  }
  return values;
}

/// "2026-11-20T05:50:01.123456789Z" as a moment; the epoch when it is not such a text.
std::chrono::system_clock::time_point parse_time(const std::string& text);

}  // namespace pecanctl::docker
