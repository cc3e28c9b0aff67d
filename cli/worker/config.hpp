// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/rabbitmq/broker.hpp"

namespace pecanctl::worker {

/// model.json of a model image, as far as the worker needs it.
struct ModelInfo {
  std::string queue = {};  ///< "<type>_<version>"
  std::string json = {};   ///< the whole, for the heartbeat
};

struct Config {
  rabbitmq::Endpoint endpoint = {};
  std::vector<std::string> application = {};  ///< an argument vector, never a shell line
  ModelInfo model = {};
  std::vector<std::string> job_environment = {};  ///< "NAME=value"
  /// An idle worker that has had no broker for this long gives up: the engine then starts its
  /// container anew, and with it the network that it shares. 0: never.
  std::chrono::seconds patience{120};
};

/// Looks an environment variable up; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

/// `text` cut at blanks. There is no quoting.
std::vector<std::string> split_arguments(std::string_view text);
/// @throws Error invalid when it is no JSON object with a type and a version.
ModelInfo parse_model_info(std::string_view text);
/// `variables` ("NAME=value") without those that tell how to reach the broker, and the one that
/// tells who the worker is, which it sets itself.
std::vector<std::string> select_job_environment(std::vector<std::string> variables);

/// Reads RABBITMQ_URI, RABBITMQ_URI_FILE (wins), APPLICATION and PECAN_MODEL_JSON, as PEcAn's
/// model.py does; and PECAN_WORKER_PATIENCE (seconds).
/// @throws Error not_found, denied, invalid.
Config load_config(const Environment& environment, std::vector<std::string> variables);

}  // namespace pecanctl::worker
