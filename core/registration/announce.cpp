// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/registration/announce.hpp"

#include <nlohmann/json.hpp>

#include "core/base/secret.hpp"

namespace pecanctl::registration {
namespace {

constexpr std::string_view k_exchange = "models";

}  // namespace

std::string render_heartbeat(const std::string& id, const std::string& host, const ModelInfo& model)
{
  using nlohmann::ordered_json;
  const ordered_json body{{"id", id},
                          {"hostname", host},
                          {"queue", model.queue()},
                          {"model_info", ordered_json::parse(model.json)}};
  return body.dump(-1, ' ', true, ordered_json::error_handler_t::replace);
}

void announce(rabbitmq::Broker& broker, const std::string& host, const ModelInfo& model,
              const Deadline& deadline, const std::stop_token& stop)
{
  broker.ensure_fanout(k_exchange, deadline, stop);
  broker.publish_transient(
      k_exchange, "",
      {.body = render_heartbeat(random_uuid(), host, model), .is_persistent = false}, deadline,
      stop);
}

}  // namespace pecanctl::registration
