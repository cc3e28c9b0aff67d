// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/http/health_server.hpp"

#include <utility>

#include "core/http/listener.hpp"

namespace pecanctl::http {

struct HealthServer::Server {
  Listener listener;
};

HealthServer::HealthServer(const std::string& host, int port, std::map<std::string, MakePage> pages)
    : server_{std::make_unique<Server>()}
{
  for (auto& [path, make] : pages) {
    server_->listener.http.Get(
        path, [make = std::move(make)](const httplib::Request& /*request*/,
                                       httplib::Response& response) { answer(make(), response); });
  }
  server_->listener.listen(host, port, "--listen 127.0.0.1:0 takes a free port");
}

HealthServer::~HealthServer() = default;

int HealthServer::port() const
{
  return server_->listener.port;
}

}  // namespace pecanctl::http
