// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <thread>

#include <fmt/format.h>
#include <httplib.h>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/http/health_server.hpp"

// Private to this folder: what our small servers have in common.
namespace pecanctl::http {

/// Answers on threads of its own, until its end.
struct Listener {
  httplib::Server http = {};
  int port = 0;
  std::thread thread = {};

  Listener()
  {
    constexpr int k_threads = 2;
    constexpr int k_patience = 1;  // seconds, with a peer that says nothing
    http.new_task_queue = [] { return new httplib::ThreadPool(k_threads); };
    http.set_read_timeout(k_patience);
    http.set_keep_alive_timeout(k_patience);
  }

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  ~Listener()
  {
    if (thread.joinable()) {
      http.stop();
      thread.join();
    }
  }

  /// Port 0: the system chooses. @throws Error conflict when the address is taken
  void listen(const std::string& host, int wanted, const std::string& advice)
  {
    port = wanted == 0                       ? http.bind_to_any_port(host)
           : http.bind_to_port(host, wanted) ? wanted
                                             : -1;
    if (port <= 0) {
      throw Error{{.code = ErrorCode::conflict,
                   .what = fmt::format("cannot listen on {}:{}", host, wanted),
                   .why = "the address is taken, or not this machine's",
                   .hint = "choose another one: " + advice}};
    }
    thread = std::thread{[this] { http.listen_after_bind(); }};
    while (!http.is_running()) {  // until then it cannot be stopped
      pause_for(std::chrono::milliseconds{1}, Deadline::never(), {});
    }
  }
};

inline void answer(const Page& page, httplib::Response& response)
{
  response.status = page.status;
  response.set_content(page.body, page.content_type);
}

}  // namespace pecanctl::http
