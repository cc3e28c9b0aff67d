// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/http/form_server.hpp"

#include <utility>

#include "core/http/listener.hpp"

namespace pecanctl::http {

struct FormServer::Server {
  Listener listener;
};

FormServer::FormServer(const std::string& host, int port, const std::string& path, Handle handle)
    : server_{std::make_unique<Server>()}
{
  auto& http = server_->listener.http;
  http.set_payload_max_length(k_longest);
  http.Post(path, [handle = std::move(handle)](const httplib::Request& request,
                                               httplib::Response& response) {
    answer(handle(request.body), response);
  });
  server_->listener.listen(host, port, "`site.requests` in pecan.yml");
}

FormServer::~FormServer() = default;

int FormServer::port() const
{
  return server_->listener.port;
}

}  // namespace pecanctl::http
