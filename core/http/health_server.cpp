// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/http/health_server.hpp"

#include <thread>
#include <utility>

#include <fmt/format.h>
#include <httplib.h>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"

namespace pecanctl::http {

struct HealthServer::Server {
  httplib::Server http = {};
  int port = 0;
  std::thread thread = {};
};

HealthServer::HealthServer(const std::string& host, int port, std::map<std::string, MakePage> pages)
    : server_{std::make_unique<Server>()}
{
  constexpr int k_threads = 2;
  constexpr int k_patience = 1;  // seconds, with a peer that says nothing
  auto& http = server_->http;
  http.new_task_queue = [] { return new httplib::ThreadPool(k_threads); };
  http.set_read_timeout(k_patience);
  http.set_keep_alive_timeout(k_patience);
  for (auto& [path, make] : pages) {
    http.Get(path, [make = std::move(make)](const httplib::Request& /*request*/,
                                            httplib::Response& response) {
      auto page = make();
      response.status = page.status;
      response.set_content(page.body, page.content_type);
    });
  }
  server_->port = port == 0                       ? http.bind_to_any_port(host)
                  : http.bind_to_port(host, port) ? port
                                                  : -1;
  if (server_->port <= 0) {
    throw Error{{.code = ErrorCode::conflict,
                 .what = fmt::format("cannot listen on {}:{}", host, port),
                 .why = "the address is taken, or not this machine's",
                 .hint = "choose another one: --listen 127.0.0.1:0 takes a free port"}};
  }
  server_->thread = std::thread{[this] { server_->http.listen_after_bind(); }};
  while (!server_->http.is_running()) {  // until then it cannot be stopped
    pause_for(std::chrono::milliseconds{1}, Deadline::never(), {});
  }
}

HealthServer::~HealthServer()
{
  server_->http.stop();
  server_->thread.join();
}

int HealthServer::port() const
{
  return server_->port;
}

}  // namespace pecanctl::http
