// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/http/health_server.hpp"

namespace pecanctl::http {

/// Takes POSTs of a form at one path, on threads of its own. Ends with this object, within a second
/// after the last answer.
class FormServer {
 public:
  /// Called with the body, on any thread; must not throw.
  using Handle = std::function<Page(std::string_view)>;

  /// The longest body, in bytes; more is answered with 413 and not read.
  static constexpr std::size_t k_longest = 4096;

  /// `port` 0: the system chooses. @throws Error conflict when the address is taken
  FormServer(const std::string& host, int port, const std::string& path, Handle handle);
  ~FormServer();
  FormServer(const FormServer&) = delete;
  FormServer& operator=(const FormServer&) = delete;

  int port() const;

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

}  // namespace pecanctl::http
