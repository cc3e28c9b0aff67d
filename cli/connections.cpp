// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/connections.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/http/download.hpp"
#include "core/project/broker_files.hpp"

namespace pecanctl::cli {
namespace {

constexpr int k_amqp_port = 5672;
constexpr int k_management_port = 15672;
constexpr int k_postgres_port = 5432;
constexpr std::chrono::seconds k_patience{15};
constexpr std::chrono::seconds k_patience_ahead{2};  // nobody waits for it yet

// What was begun, if something was and could be had.
template <typename Connection>
std::unique_ptr<Connection> take(std::future<std::unique_ptr<Connection>>& begun)
{
  if (!begun.valid()) {
    return nullptr;
  }
  try {
    return begun.get();
  } catch (const Error&) {
    return nullptr;  // who asks tries again, and tells why not
  }
}

}  // namespace

Connections::Connections(engine::Identity identity, Access access, engine::View& view)
    : identity_{std::move(identity)},
      access_{std::move(access)},
      view_{view}
{
}

Connections::~Connections() = default;

int Connections::port_of(std::string_view service, int container_port, const Deadline& deadline,
                         const std::stop_token& stop)
{
  const auto observed = view_.observe_containers(identity_, deadline, stop);
  const auto port = observed.find_port(service, container_port);
  if (!port) {
    throw Error{
        {.code = ErrorCode::unreachable,
         .what = fmt::format("cannot reach {} of instance {}", service, identity_.instance),
         .why = observed.of_service(service).empty() ? "it is not deployed" : "it does not run",
         .hint = "start it: pecanctl deploy"}};
  }
  return port->host_port;
}

const stack::External* Connections::find_external(std::string_view service) const
{
  const auto found = std::ranges::find(access_.externals, service, &stack::External::service);
  return found == access_.externals.end() ? nullptr : &*found;
}

std::unique_ptr<rabbitmq::Broker> Connections::connect_broker(const Deadline& deadline,
                                                              const std::stop_token& stop)
{
  if (const auto* external = find_external("rabbitmq")) {
    return rabbitmq::connect({.host = external->host,
                              .port = external->port,
                              .user = external->user,
                              .password = access_.rabbitmq,
                              .vhost = external->space,
                              .use_tls = external->scheme == "amqps"},
                             deadline.sooner(k_patience), stop);
  }
  return rabbitmq::connect(broker_at(port_of("rabbitmq", k_amqp_port, deadline, stop)),
                           deadline.sooner(k_patience), stop);
}

rabbitmq::Endpoint Connections::broker_at(int port) const
{
  return {.port = port, .user = std::string{project::k_broker_user}, .password = access_.rabbitmq};
}

rabbitmq::Broker& Connections::broker(const Deadline& deadline, const std::stop_token& stop)
{
  if (!broker_) {
    broker_ = take(next_broker_);
  }
  if (!broker_) {
    broker_ = connect_broker(deadline, stop);
  }
  return *broker_;
}

std::optional<std::uint64_t> Connections::find_consumers(std::string_view queue,
                                                         const Deadline& deadline,
                                                         const std::stop_token& stop)
{
  const auto found = broker(deadline, stop).find_queue(queue, deadline, stop);
  return found ? std::optional{found->consumers} : std::nullopt;
}

bool Connections::has_queue(std::string_view name, const Deadline& deadline,
                            const std::stop_token& stop)
{
  return find_consumers(name, deadline, stop).has_value();
}

rabbitmq::Management& Connections::management(const Deadline& deadline, const std::stop_token& stop)
{
  if (!management_) {
    management_ = connect_management(deadline, stop);
  }
  return *management_;
}

std::unique_ptr<rabbitmq::Management> Connections::connect_management(const Deadline& deadline,
                                                                      const std::stop_token& stop)
{
  if (const auto* external = find_external("rabbitmq")) {
    http::Endpoint endpoint{
        .base_url = external->management, .user = external->user, .password = access_.rabbitmq};
    return std::make_unique<rabbitmq::Management>(http::make_curl_transport(std::move(endpoint)),
                                                  external->space);
  }
  http::Endpoint endpoint{
      .base_url = fmt::format("http://127.0.0.1:{}",
                              port_of("rabbitmq", k_management_port, deadline, stop)),
      .user = std::string{project::k_broker_user},
      .password = access_.rabbitmq};
  return std::make_unique<rabbitmq::Management>(http::make_curl_transport(std::move(endpoint)),
                                                "/");
}

postgres::Database& Connections::database(const Deadline& deadline, const std::stop_token& stop)
{
  if (!database_) {
    database_ = take(next_database_);
  }
  if (!database_) {
    database_ = connect_database(deadline, stop);
  }
  return *database_;
}

std::unique_ptr<postgres::Database> Connections::connect_database(const Deadline& deadline,
                                                                  const std::stop_token& stop)
{
  return postgres::connect(database_endpoint(deadline, stop), deadline.sooner(k_patience), stop);
}

postgres::Endpoint Connections::database_endpoint(const Deadline& deadline,
                                                  const std::stop_token& stop)
{
  if (const auto* external = find_external("postgres")) {
    return {.host = external->host,
            .port = external->port,
            .database = external->space,
            .user = external->user,
            .password = access_.postgres};
  }
  return database_at(port_of("postgres", k_postgres_port, deadline, stop));
}

postgres::Endpoint Connections::database_at(int port) const
{
  return {.port = port, .password = access_.postgres};
}

void Connections::begin(const Deadline& deadline, const std::stop_token& stop)
{
  engine::Observation observed;
  try {
    observed = view_.observe_containers(identity_, deadline, stop);
  } catch (const Error&) {
    return;  // whoever needs it meets it again
  }
  const auto patience = deadline.sooner(k_patience_ahead);
  if (const auto port = observed.find_port("rabbitmq", k_amqp_port); port && !broker_) {
    next_broker_ = std::async(std::launch::async, rabbitmq::connect, broker_at(port->host_port),
                              patience, stop);
  }
  if (const auto port = observed.find_port("postgres", k_postgres_port); port && !database_) {
    next_database_ = std::async(std::launch::async, postgres::connect, database_at(port->host_port),
                                patience, stop);
  }
}

void Connections::forget()
{
  next_broker_ = {};
  next_database_ = {};
  broker_.reset();
  management_.reset();
  database_.reset();
}

std::unique_ptr<consul::Client> make_consul_client(const std::string& url, const std::string& token)
{
  http::Endpoint endpoint{.base_url = url};
  if (!token.empty()) {
    endpoint.headers.push_back({.name = "X-Consul-Token", .value = token});
  }
  return std::make_unique<consul::Client>(http::make_curl_transport(std::move(endpoint)));
}

std::unique_ptr<docker::Registry> make_registry()
{
  return std::make_unique<docker::Registry>([](const std::string& base_url) {
    return http::make_curl_transport({.base_url = base_url});
  });
}

inspection::WebAnswer ask_head(const std::string& url, const Deadline& deadline,
                               const std::stop_token& stop)
{
  const auto path = url.find('/', url.find("://") == std::string::npos ? 0 : url.find("://") + 3);
  const auto transport = http::make_curl_transport({.base_url = url.substr(0, path)});
  const auto response = transport->send(
      {.method = http::Method::head, .target = path == std::string::npos ? "/" : url.substr(path)},
      deadline, stop);
  return {.status = response.status, .date = std::string{response.header("Date")}};
}

int ask_dump(const DumpPlace& place, const Deadline& deadline, const std::stop_token& stop)
{
  const http::Download head{
      .url = place.url, .token = place.token, .is_insecure = place.is_insecure, .is_head = true};
  const auto nothing = [](const http::DownloadAnswer& /*answer*/, std::string_view /*piece*/) {};
  return http::download(head, nothing, deadline, stop).status;
}

}  // namespace pecanctl::cli
