// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/inspection/models.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/base/error.hpp"

namespace pecanctl::inspection {
namespace {

using nlohmann::json;

constexpr std::string_view k_exchange = "models";
constexpr std::chrono::milliseconds k_piece{1000};

std::string text_in(const json& value, const char* name)
{
  const auto found = value.is_object() ? value.find(name) : value.end();
  return found != value.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

bool hear(std::string_view body, Models& models)
{
  const auto beat = json::parse(body, nullptr, false);
  const auto queue = text_in(beat, "queue");
  const auto id = text_in(beat, "id");
  if (queue.empty() || id.empty()) {
    return false;
  }
  auto& model = models[queue];
  model.queue = queue;
  model.live.insert(id);
  if (const auto host = text_in(beat, "hostname"); !host.empty()) {
    model.hosts.insert(host);
  }
  const auto info = beat.value("model_info", json::object());
  const auto fill = [&](std::string& field, const char* name) {
    field = field.empty() ? text_in(info, name) : field;
  };
  fill(model.name, "name");
  fill(model.type, "type");
  fill(model.version, "version");
  return true;
}

void look_at_queues(rabbitmq::Broker& broker, const BusyProbe& busy, Models& models,
                    const Deadline& deadline, const std::stop_token& stop)
{
  for (auto& [queue, model] : models) {
    const auto found = broker.find_queue(queue, deadline, stop);
    model.ready = found ? std::optional{found->ready} : std::nullopt;
    model.consumers = found ? std::optional{found->consumers} : std::nullopt;
    model.busy = found && busy ? busy(queue) : std::nullopt;
  }
}

void listen(rabbitmq::Broker& broker, std::chrono::milliseconds duration, Models& models,
            const Deadline& deadline, const std::stop_token& stop)
{
  const auto end = deadline.sooner(duration);
  const auto own = broker.make_reply_queue(deadline, stop);
  try {
    broker.bind(own, k_exchange, deadline, stop);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::not_found) {
      return;  // no worker ever lived: the first one makes the exchange
    }
    throw;
  }
  const auto consumer = broker.consume(own, 0, true, deadline, stop);
  while (!end.is_over()) {
    if (const auto delivery = broker.next_delivery(std::min(end.left(), k_piece), -1, stop)) {
      hear(delivery->message.body, models);
    }
  }
  broker.cancel_consumer(consumer, deadline, stop);
}

}  // namespace pecanctl::inspection
