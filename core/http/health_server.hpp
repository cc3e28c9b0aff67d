// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace pecanctl::http {

/// What a page answers with.
struct Page {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
};

/// Answers GET for a few pages, on threads of its own: for monitors on the same machine. Ends with
/// this object, within a second.
class HealthServer {
 public:
  /// Called for each request, on any thread; must not throw.
  using MakePage = std::function<Page()>;

  /// `port` 0: the system chooses. @throws Error conflict when the address is taken
  HealthServer(const std::string& host, int port, std::map<std::string, MakePage> pages);
  ~HealthServer();
  HealthServer(const HealthServer&) = delete;
  HealthServer& operator=(const HealthServer&) = delete;

  int port() const;

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

}  // namespace pecanctl::http
