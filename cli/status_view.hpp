// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/deployment/update.hpp"
#include "core/inspection/status.hpp"
#include "core/replication/sync.hpp"

namespace pecanctl::cli {

class Context;

/// All that `status` shows of an instance.
struct Picture {
  inspection::InstanceStatus instance = {};
  std::string release = {};
  std::vector<std::string> drift = {};
  std::string lock = "free";
  std::string consul = {};
  std::vector<replication::PeerAge> peers = {};   ///< whom data is pulled from
  std::vector<std::int64_t> late = {};            ///< those whose data is older than sync.max_age
  std::optional<deployment::Update> update = {};  ///< when it was asked for
};

/// Looks. What does not answer is told in the picture. @throws Error when Docker does not answer,
/// or there is no such instance.
Picture look(Context& context);

/// Asks the registries whether there is a newer release. What does not answer is told in the
/// picture.
void look_at_updates(Context& context, Picture& picture);

/// One screen for people.
void print_screen(Context& context, const Picture& picture);
/// One document.
nlohmann::json to_json(const Picture& picture);

}  // namespace pecanctl::cli
