// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/tasks.hpp"

#include <array>

#include <fmt/format.h>

#include "core/deployment/fresh_connection.hpp"

namespace pecanctl::deployment {
namespace {

Task make_queue_task(const stack::Service& service, Services& services)
{
  const auto queue = service.model->queue();
  return {
      .id = "queue " + queue,
      .after = "rabbitmq",
      .is_done =
          [queue, &services](const Deadline& deadline, const std::stop_token& stop) {
            return with_fresh_connection(services, deadline, stop, [&] {
              return services.broker(deadline, stop).find_queue(queue, deadline, stop).has_value();
            });
          },
      .perform =
          [queue, &services](const Deadline& deadline, const std::stop_token& stop) {
            services.broker(deadline, stop).ensure_queue(queue, deadline, stop);
          }};
}

bool has_tables(postgres::Database& database, const Deadline& deadline, const std::stop_token& stop)
{
  const auto transaction = database.look(deadline, stop);
  const auto rows = transaction->query(
      "SELECT count(*) FROM pg_roles WHERE rolname = 'bety' AND rolcanlogin AND NOT EXISTS (SELECT "
      "1 FROM "
      "unnest(ARRAY['machines', 'modeltypes', 'models', 'dbfiles']) AS wanted "
      "WHERE to_regclass('public.' || wanted) IS NULL)",
      {});
  return rows.at(0).at(0) == "1";
}

// A role that was there keeps its password where others may use it too (`is_shared`).
void make_tables(postgres::Database& database, const std::string& tables, const Secret& password,
                 bool is_shared, const Deadline& deadline, const std::stop_token& stop)
{
  const auto transaction = database.begin(deadline, stop);
  // The password travels as a parameter and never as text of a statement: server logs show
  // statements.
  const std::array<postgres::Value, 1> parameters{password.reveal()};
  transaction->query("SELECT set_config('pecanctl.password', $1, true)", parameters);
  transaction->execute(fmt::format(
      "DO $$ BEGIN "
      "IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'bety') THEN "
      // Another database of the server may be set up at the same time.
      "BEGIN CREATE ROLE bety; EXCEPTION WHEN duplicate_object OR unique_violation THEN END; "
      "ELSIF {} THEN RETURN; END IF; "
      "EXECUTE format('ALTER ROLE bety LOGIN PASSWORD %L', current_setting('pecanctl.password')); "
      "END $$",
      is_shared));
  transaction->execute(tables);
  transaction->commit();
}

}  // namespace

std::vector<Task> make_tasks(const stack::Stack& stack, Services& services,
                             const std::string& tables, const Secret& bety_password)
{
  std::vector<Task> tasks;
  const bool is_shared = stack.find_external("postgres") != nullptr;
  if (is_shared || stack.find_service("postgres") != nullptr) {
    tasks.push_back({.id = "database bety",
                     .after = "postgres",
                     .is_done =
                         [&services](const Deadline& deadline, const std::stop_token& stop) {
                           return with_fresh_connection(services, deadline, stop, [&] {
                             return has_tables(services.database(deadline, stop), deadline, stop);
                           });
                         },
                     .perform =
                         [&services, tables, bety_password, is_shared](
                             const Deadline& deadline, const std::stop_token& stop) {
                           make_tables(services.database(deadline, stop), tables, bety_password,
                                       is_shared, deadline, stop);
                         }});
  }
  for (const auto& service : stack.services) {
    if (service.model) {
      tasks.push_back(make_queue_task(service, services));
    }
  }
  return tasks;
}

WorkerProbe make_worker_probe(Services& services)
{
  return [&services](const stack::Service& service, std::size_t count, const Deadline& deadline,
                     const std::stop_token& stop) -> std::optional<std::string> {
    try {
      const auto queue =
          services.broker(deadline, stop).find_queue(service.model->queue(), deadline, stop);
      const auto consumers = queue ? queue->consumers : 0;
      if (consumers >= count) {
        return std::nullopt;
      }
      return fmt::format("{} of {} workers take jobs", consumers, count);
    } catch (const Error& error) {
      services.forget();
      return fmt::format("the broker does not answer: {}", error.info().why);
    }
  };
}

}  // namespace pecanctl::deployment
