// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/worker/heartbeat.hpp"

#include <unistd.h>

#include <array>

#include <nlohmann/json.hpp>

namespace pecanctl::worker {

std::string render_heartbeat(std::string_view id, std::string_view hostname, const ModelInfo& model)
{
  using nlohmann::ordered_json;
  const ordered_json body{{"id", id},
                          {"hostname", hostname},
                          {"queue", model.queue},
                          {"model_info", ordered_json::parse(model.json)}};
  return body.dump(-1, ' ', true, ordered_json::error_handler_t::replace);
}

std::string find_hostname()
{
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string{name.data()} : "localhost";
}

}  // namespace pecanctl::worker
