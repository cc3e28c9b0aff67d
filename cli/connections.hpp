// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/secret.hpp"
#include "core/consul/consul.hpp"
#include "core/deployment/tasks.hpp"
#include "core/docker/registry.hpp"
#include "core/engine/backend.hpp"
#include "core/inspection/doctor.hpp"
#include "core/rabbitmq/management.hpp"
#include "core/stack/stack.hpp"

namespace pecanctl::cli {

/// Connections to an instance's services: at the ports where its containers answer now, or where
/// they run elsewhere.
class Connections : public deployment::Services {
 public:
  struct Access {
    Secret postgres = {};
    Secret rabbitmq = {};
    std::vector<stack::External> externals = {};
  };

  Connections(engine::Identity identity, Access access, engine::View& view);
  ~Connections() override;

  /// Begins to connect to the database and the broker, beside what the caller does meanwhile. What
  /// cannot be had that soon is tried again when it is asked for. Never fails.
  void begin(const Deadline& deadline, const std::stop_token& stop);

  rabbitmq::Broker& broker(const Deadline& deadline, const std::stop_token& stop) override;
  postgres::Database& database(const Deadline& deadline, const std::stop_token& stop) override;
  void forget() override;

  /// A connection of its own.
  std::unique_ptr<rabbitmq::Broker> connect_broker(const Deadline& deadline,
                                                   const std::stop_token& stop);
  /// Whether the broker has a queue of that name.
  bool has_queue(std::string_view name, const Deadline& deadline, const std::stop_token& stop);
  /// How many consumers a queue has; nothing when there is no such queue.
  std::optional<std::uint64_t> find_consumers(std::string_view queue, const Deadline& deadline,
                                              const std::stop_token& stop);
  rabbitmq::Management& management(const Deadline& deadline, const std::stop_token& stop);
  /// A client of its own.
  std::unique_ptr<rabbitmq::Management> connect_management(const Deadline& deadline,
                                                           const std::stop_token& stop);
  /// Where the database answers now.
  postgres::Endpoint database_endpoint(const Deadline& deadline, const std::stop_token& stop);
  /// A session of its own.
  std::unique_ptr<postgres::Database> connect_database(const Deadline& deadline,
                                                       const std::stop_token& stop);

 private:
  int port_of(std::string_view service, int container_port, const Deadline& deadline,
              const std::stop_token& stop);
  rabbitmq::Endpoint broker_at(int port) const;
  postgres::Endpoint database_at(int port) const;
  const stack::External* find_external(std::string_view service) const;

  engine::Identity identity_;
  Access access_;
  engine::View& view_;
  std::unique_ptr<rabbitmq::Broker> broker_;
  std::unique_ptr<rabbitmq::Management> management_;
  std::unique_ptr<postgres::Database> database_;
  std::future<std::unique_ptr<rabbitmq::Broker>> next_broker_;
  std::future<std::unique_ptr<postgres::Database>> next_database_;
};

/// `url` is "http://host:port"; `token` may be empty. Does not connect yet.
std::unique_ptr<consul::Client> make_consul_client(const std::string& url,
                                                   const std::string& token);

/// Asks registries of images, each at its own address.
std::unique_ptr<docker::Registry> make_registry();

/// What answers HEAD at `url`. @throws Error as http::Transport.
inspection::WebAnswer ask_head(const std::string& url, const Deadline& deadline,
                               const std::stop_token& stop);

/// Where a site's dump is, and what it takes to be let in.
struct DumpPlace {
  std::string url = {};
  Secret token = {};
  bool is_insecure = false;  ///< its certificate is not looked at
};

/// The status of a dump, asked for its headers. @throws Error as http::download.
int ask_dump(const DumpPlace& place, const Deadline& deadline, const std::stop_token& stop);

}  // namespace pecanctl::cli
