// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/bety_tasks.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/base/failpoint.hpp"
#include "core/deployment/fresh_connection.hpp"

namespace pecanctl::deployment {
namespace {

// Until an instance is registered its ids are in this range. Source: BETY, LOCAL_SERVER.
constexpr std::int64_t k_unregistered = 99;

// Stands for the version of tables that nobody worked with yet.
constexpr std::string_view k_just_loaded = "the load";

using SetupPointer = std::shared_ptr<const BetySetup>;
using Look = std::function<bool(postgres::Transaction&)>;
using Change = std::function<void(postgres::Transaction&)>;

// A test of something in database bety.
auto look_into(Services& services, Look look)
{
  return
      [&services, look = std::move(look)](const Deadline& deadline, const std::stop_token& stop) {
        return with_fresh_connection(services, deadline, stop, [&] {
          return look(*services.database(deadline, stop).look(deadline, stop));
        });
      };
}

auto change_in(Services& services, Change change)
{
  return [&services, change = std::move(change)](const Deadline& deadline,
                                                 const std::stop_token& stop) {
    const auto transaction = services.database(deadline, stop).begin(deadline, stop);
    change(*transaction);
    transaction->commit();
  };
}

// Whether something holds for the server. Its database bety may be gone: a load was interrupted.
bool is_marked(const BetySetup& setup, const Deadline& deadline, const std::stop_token& stop)
{
  const auto server = setup.connect_server(deadline, stop);
  return is_load_unfinished(*server->begin(deadline, stop), setup.load_mark);
}

void mark(const BetySetup& setup, const Deadline& deadline, const std::stop_token& stop)
{
  const auto server = setup.connect_server(deadline, stop);
  const auto transaction = server->begin(deadline, stop);
  mark_load(*transaction, true, setup.load_mark);
  transaction->commit();
}

// Loading drops what is there.
void refuse_rows(Services& services, const Deadline& deadline, const std::stop_token& stop)
{
  const auto rows = describe_rows(*services.database(deadline, stop).begin(deadline, stop));
  if (!rows.empty()) {
    throw Error{{.code = ErrorCode::conflict,
                 .what = "cannot load BETY's data",
                 .why = fmt::format("the database bety has rows already: {}", rows),
                 .hint = "keep them with `profile: core`; or save them and run: pecanctl destroy "
                         "--volumes"}};
  }
}

Error load_error(std::string why, const engine::JobResult& result)
{
  return Error{{.code = ErrorCode::failed,
                .what = "cannot load BETY's data",
                .why = std::move(why),
                .hint = "correct the cause and repeat the command: it begins the load again",
                .trail = result.log}};
}

void load(const BetySetup& setup, Services& services, const Deadline& deadline,
          const std::stop_token& stop)
{
  if (!is_marked(setup, deadline, stop)) {
    refuse_rows(services, deadline, stop);
    mark(setup, deadline, stop);
  }
  services.forget();  // a database that somebody is connected to cannot be dropped
  failpoint("load.marked");
  const auto result = setup.load(deadline, stop);
  failpoint("load.ended");
  if (result.exit_code != 0) {
    throw load_error(fmt::format("the loader ended with exit code {}", result.exit_code), result);
  }
  const auto transaction = services.database(deadline, stop).begin(deadline, stop);
  if (!has_bety_tables(*transaction)) {
    throw load_error("the loader ended, but BETY's tables are not there", result);
  }
  set_bety_password(*transaction, setup.bety_password);
  move_sequences(*transaction, setup.site.value_or(k_unregistered));
  remember_migration(*transaction, std::string{k_just_loaded});
  mark_load(*transaction, false, setup.load_mark);
  transaction->commit();
}

Task make_load_task(const SetupPointer& setup, Services& services)
{
  return {.id = "BETY's data",
          .after = "postgres",
          .is_done =
              [setup, &services](const Deadline& deadline, const std::stop_token& stop) {
                return with_fresh_connection(services, deadline, stop, [&] {
                  try {
                    return has_bety(*services.database(deadline, stop).look(deadline, stop),
                                    setup->load_mark);
                  } catch (const Error& error) {
                    if (error.code() == ErrorCode::not_found && is_marked(*setup, deadline, stop)) {
                      return false;
                    }
                    throw;
                  }
                });
              },
          .perform = [setup, &services](
                         const Deadline& deadline,
                         const std::stop_token& stop) { load(*setup, services, deadline, stop); }};
}

// A job whose exit code counts.
void require_success(const engine::JobResult& result, std::string_view what, std::string hint)
{
  if (result.exit_code != 0) {
    throw Error{{.code = ErrorCode::failed,
                 .what = fmt::format("cannot {}", what),
                 .why = fmt::format("its program ended with exit code {}", result.exit_code),
                 .hint = std::move(hint),
                 .trail = result.log}};
  }
}

void migrate(const BetySetup& setup, Services& services, const Deadline& deadline,
             const std::stop_token& stop)
{
  const auto version = setup.find_version(deadline, stop);
  const auto before = migrated_version(*services.database(deadline, stop).begin(deadline, stop));
  if (before != k_just_loaded && setup.back_up) {  // what was just loaded can be loaded again
    require_success(setup.back_up(deadline, stop), "save the database before it is migrated",
                    "nothing was changed; correct the cause and repeat the command");
  }
  failpoint("migrate.saved");
  require_success(setup.migrate(deadline, stop), "migrate BETY's tables",
                  "go back with `pecanctl deploy --rollback`, or correct the cause and repeat the "
                  "command; what was there before is in the folder `backups`");
  const auto transaction = services.database(deadline, stop).begin(deadline, stop);
  remember_migration(*transaction, version);
  transaction->commit();
}

Task make_migration_task(const SetupPointer& setup, Services& services)
{
  return {.id = "BETY's migrations",
          .after = "postgres",
          .is_done =
              [setup, &services](const Deadline& deadline, const std::stop_token& stop) {
                const auto version = setup->find_version(deadline, stop);
                return with_fresh_connection(services, deadline, stop, [&] {
                  return migrated_version(
                             *services.database(deadline, stop).look(deadline, stop)) == version;
                });
              },
          .perform =
              [setup, &services](const Deadline& deadline, const std::stop_token& stop) {
                migrate(*setup, services, deadline, stop);
              }};
}

Task make_user_task(const SetupPointer& setup, Services& services, BetyUser user)
{
  auto login = user.login;
  return {.id = "user " + login,
          .after = "postgres",
          .is_done = look_into(
              services,
              [login](postgres::Transaction& transaction) { return has_user(transaction, login); }),
          .perform = change_in(services, [setup, user = std::move(user)](auto& transaction) {
            add_user(transaction, user, setup->bety_key);
          })};
}

Task make_range_task(std::int64_t site, Services& services)
{
  return {.id = fmt::format("ids of site {}", site),
          .after = "postgres",
          .is_done = look_into(services,
                               [site](postgres::Transaction& transaction) {
                                 return count_stray_sequences(transaction, site) == 0;
                               }),
          .perform = change_in(services, [site](postgres::Transaction& transaction) {
            move_sequences(transaction, site);
          })};
}

Task make_demo_task(const SetupPointer& setup, Services& services)
{
  const auto is_there = look_into(services, [setup](postgres::Transaction& transaction) {
    return has_inputs(transaction, setup->host);
  });
  return {
      .id = "demo data",
      .after = "postgres",
      .is_done = is_there,
      .perform = [setup, is_there](const Deadline& deadline, const std::stop_token& stop) {
        const auto result = setup->add_demo_data(deadline, stop);
        if (result.exit_code != 0 || !is_there(deadline, stop)) {
          throw Error{{.code = ErrorCode::failed,
                       .what = "cannot add the demo data",
                       .why = fmt::format("its program ended with exit code {}", result.exit_code),
                       .hint = "correct the cause and repeat the command",
                       .trail = result.log}};
        }
      }};
}

}  // namespace

std::vector<Task> make_bety_tasks(BetySetup wanted, Services& services)
{
  const auto setup = std::make_shared<const BetySetup>(std::move(wanted));
  std::vector<Task> tasks{make_load_task(setup, services)};
  if (setup->find_version) {
    tasks.push_back(make_migration_task(setup, services));
  }
  if (setup->site) {
    tasks.push_back(make_range_task(*setup->site, services));
  }
  tasks.push_back(make_user_task(
      setup, services,
      {.login = std::string{k_admin_login},
       .name = "Administrator",
       .email = setup->contact.empty() ? std::string{"admin@localhost"} : setup->contact,
       .password = setup->admin_password,
       .access_level = 1,
       .page_access_level = 1}));
  // PEcAn's own, who sees what is public and changes nothing.
  tasks.push_back(make_user_task(setup, services,
                                 {.login = "guestuser",
                                  .name = "Guest User",
                                  .email = "guestuser@localhost",
                                  .password = Secret{"guestuser"},
                                  .access_level = 4,
                                  .page_access_level = 4}));
  if (setup->add_demo_data) {
    tasks.push_back(make_demo_task(setup, services));
  }
  return tasks;
}

}  // namespace pecanctl::deployment
