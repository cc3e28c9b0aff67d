// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/doctor_setup.hpp"

#include <fmt/format.h>

#include "cli/connections.hpp"
#include "cli/context.hpp"
#include "core/base/text.hpp"
#include "core/engine/docker_backend.hpp"
#include "core/replication/sync.hpp"

namespace pecanctl::cli {
namespace {

constexpr int k_consul_service_port = 8500;

// A backend with the client that it stands on.
struct OwnedBackend {
  std::unique_ptr<docker::Engine> engine;
  std::unique_ptr<engine::Backend> backend;
};

using MakeView = std::function<std::shared_ptr<engine::View>()>;

MakeView make_view_factory(std::function<std::unique_ptr<docker::Engine>()> connect)
{
  return [connect = std::move(connect)] {
    const auto owned = std::make_shared<OwnedBackend>();
    owned->engine = connect();
    owned->backend = engine::make_docker_backend(*owned->engine);
    return std::shared_ptr<engine::View>{owned, owned->backend.get()};
  };
}

inspection::PeerDump make_dump(const replication::Peer& peer)
{
  return {.site = peer.site,
          .url = redact_url(peer.url),
          .ask = [peer](const Deadline& deadline, const std::stop_token& stop) {
            return ask_dump({.url = peer.url, .token = peer.token, .is_insecure = peer.is_insecure},
                            deadline, stop);
          }};
}

// A token that cannot be read shows in what the site answers.
std::map<std::int64_t, Secret> find_tokens(Context& context)
{
  try {
    return project::load_peer_tokens(context.file(), find_variable);
  } catch (const Error&) {
    return {};
  }
}

void add_services(Context& context, const MakeView& make_view, inspection::Subject& subject)
{
  const auto with_connections =
      [make_view, identity = *subject.identity,
       access = Connections::Access{.postgres = context.secrets().postgres,
                                    .rabbitmq = context.secrets().rabbitmq,
                                    .externals = context.file().externals}](const auto& use) {
        const auto view = make_view();
        Connections connections{identity, access, *view};
        return use(connections);
      };
  subject.broker = [=](const Deadline& deadline, const std::stop_token& stop) {
    return with_connections(
        [&](Connections& connections) { return connections.connect_broker(deadline, stop); });
  };
  subject.management = [=](const Deadline& deadline, const std::stop_token& stop) {
    return with_connections(
        [&](Connections& connections) { return connections.connect_management(deadline, stop); });
  };
  subject.database = [=](const Deadline& deadline, const std::stop_token& stop) {
    return with_connections(
        [&](Connections& connections) { return connections.connect_database(deadline, stop); });
  };
  const auto& sync = context.file().sync;
  if (sync.peers.empty() && sync.urls.empty()) {
    return;
  }
  const replication::PeerWish wish{.standard = sync.peers,
                                   .urls = sync.urls,
                                   .insecure = {sync.insecure.begin(), sync.insecure.end()},
                                   .tokens = find_tokens(context),
                                   .own = context.file().site.id};
  subject.peers = [=](const Deadline& deadline, const std::stop_token& stop) {
    return with_connections([&](Connections& connections) {
      std::vector<inspection::PeerDump> dumps;
      const auto endpoint = connections.database_endpoint(deadline, stop);
      for (const auto& peer : replication::list_peers(endpoint, wish, deadline, stop)) {
        dumps.push_back(make_dump(peer));
      }
      return dumps;
    });
  };
}

void add_consul(const MakeView& make_view, inspection::Subject& subject)
{
  subject.consul_url = [make_view, address = subject.consul_address](const Deadline& deadline,
                                                                     const std::stop_token& stop) {
    if (!address.empty()) {
      return address;
    }
    const auto observed = make_view()->observe_containers(
        {.instance = "pecanctl", .owner = "machine"}, deadline, stop);
    const auto port = observed.find_port("consul", k_consul_service_port);
    if (!port) {
      throw Error{{.code = ErrorCode::unreachable,
                   .what = "cannot reach Consul",
                   .why = "this machine's Consul container does not run",
                   .hint = "start it: pecanctl deploy"}};
    }
    return fmt::format("http://127.0.0.1:{}", port->host_port);
  };
  const auto token = find_variable("CONSUL_HTTP_TOKEN").value_or("");
  subject.consul = [url = subject.consul_url, token](const Deadline& deadline,
                                                     const std::stop_token& stop) {
    return make_consul_client(url(deadline, stop), token);
  };
}

void add_instance(Context& context, inspection::Subject& subject)
{
  subject.file = context.file_path();
  if (subject.file.empty()) {
    return;
  }
  try {
    const auto& file = context.file();
    subject.data_folder = file.data;
    subject.secrets_folder = file.secrets_folder();
    subject.consul_address = context.consul_address();
  } catch (const Error& error) {
    subject.file_error = error;
    return;
  }
  try {
    subject.identity = context.identity();
  } catch (const Error& error) {
    subject.secrets_error = error;
    return;
  }
  try {
    subject.stack = context.stack();
  } catch (const Error& error) {
    subject.file_error = error;
    subject.identity.reset();
  }
}

}  // namespace

inspection::Subject make_subject(Context& context)
{
  inspection::Subject subject;
  subject.docker_socket = context.docker_socket();
  subject.docker = context.docker_factory();
  subject.head = ask_head;
  subject.consul_address = find_variable("CONSUL_HTTP_ADDR").value_or("");
  const auto make_view = make_view_factory(subject.docker);
  subject.view = [make_view](const Deadline& /*deadline*/, const std::stop_token& /*stop*/) {
    return make_view();
  };
  add_instance(context, subject);
  if (subject.identity) {
    add_services(context, make_view, subject);
  }
  add_consul(make_view, subject);
  return subject;
}

}  // namespace pecanctl::cli
