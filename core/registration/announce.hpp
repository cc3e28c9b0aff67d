// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
#include <string>

#include "core/base/cancel.hpp"
#include "core/rabbitmq/broker.hpp"
#include "core/registration/model_info.hpp"

namespace pecanctl::registration {

/// The body of a worker's heartbeat, keys in the order of PEcAn's model.py.
std::string render_heartbeat(const std::string& id, const std::string& host,
                             const ModelInfo& model);

/// Sends one heartbeat to the exchange `models`, as if a worker of the model on `host` lived: a
/// running monitor registers it, and forgets the worker after its 15 minutes.
void announce(rabbitmq::Broker& broker, const std::string& host, const ModelInfo& model,
              const Deadline& deadline, const std::stop_token& stop);

}  // namespace pecanctl::registration
