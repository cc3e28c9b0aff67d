// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/secret.hpp"
#include "core/deployment/bety_database.hpp"
#include "core/deployment/task.hpp"
#include "core/deployment/tasks.hpp"
#include "core/engine/backend.hpp"
#include "core/postgres/database.hpp"

namespace pecanctl::deployment {

/// What the steps that people typed after `docker compose up` need to know.
struct BetySetup {
  using Connect =
      std::function<std::unique_ptr<postgres::Database>(const Deadline&, const std::stop_token&)>;
  using Run = std::function<engine::JobResult(const Deadline&, const std::stop_token&)>;

  Connect connect_server = {};  ///< to the database `postgres`, which nobody drops
  Run load = {};                ///< drops and loads the database `bety`; its exit code says little
  Run add_demo_data = {};       ///< empty: not asked for
  /// Which BETY is wanted: its image's id. Empty: none runs here, and nothing is migrated.
  std::function<std::string(const Deadline&, const std::stop_token&)> find_version = {};
  Run migrate = {};                       ///< brings the tables to that version
  Run back_up = {};                       ///< saves the database before that
  std::string host = {};                  ///< this instance's name in BETY's machines
  std::optional<std::int64_t> site = {};  ///< as pecan.yml says; nothing: not registered
  std::string contact = {};               ///< e-mail address of the first user; empty: none known
  Secret bety_password = {};
  Secret bety_key = {};
  Secret admin_password = {};
  std::string load_mark{k_load_mark};  ///< of a server that others use too: one of our own
};

/// The login of BETY's first user, who may do everything.
inline constexpr std::string_view k_admin_login = "admin";

/// The steps of a deploy after the database is up: BETY's data loaded and checked, its tables
/// saved and migrated when another BETY is to run, ids in the site's range, the first user, PEcAn's
/// guest, demo data when asked for. Each tests itself and is skipped when it is done. `services`
/// outlives them.
std::vector<Task> make_bety_tasks(BetySetup wanted, Services& services);

}  // namespace pecanctl::deployment
