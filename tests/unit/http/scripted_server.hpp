// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/fd.hpp"

namespace pecanctl::test {

/// A server on the loopback interface that answers each request with bytes as they are, so that it
/// can misbehave as real ones do. Every connection has its thread.
class ScriptedServer {
 public:
  struct Answer {
    std::string bytes;
    bool close = false;  ///< after the bytes
    bool hang = false;   ///< say no more, keep the connection
  };

  /// Gets the request, head and body as they came.
  using Handler = std::function<Answer(const std::string&)>;

  explicit ScriptedServer(Handler handler)
      : handler_{std::move(handler)},
        listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}
  {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), any, size) != 0 || ::listen(listener_.get(), 64) != 0 ||
        ::getsockname(listener_.get(), any, &size) != 0) {
      throw std::runtime_error{"cannot listen on the loopback interface"};
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread{[this](const std::stop_token& stop) { accept_all(stop); }};
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  int connections() const { return connections_; }

  static Answer ok(const std::string& body)
  {
    return {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                     "\r\n\r\n" + body};
  }

 private:
  // Whether there is something to read before the end.
  static bool wait(int fd, const std::stop_token& stop)
  {
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    while (!stop.stop_requested()) {
      if (::poll(&ready, 1, 20) > 0) {
        return true;
      }
    }
    return false;
  }

  void accept_all(const std::stop_token& stop)
  {
    std::vector<std::jthread> threads;
    while (wait(listener_.get(), stop)) {
      threads.emplace_back([this, stop, fd = Fd{::accept(listener_.get(), nullptr, nullptr)}] {
        ++connections_;
        serve(fd.get(), stop);
      });
    }
  }

  void serve(int fd, const std::stop_token& stop)
  {
    std::string text;
    while (wait(fd, stop)) {
      std::array<char, 4096> buffer{};
      const auto size = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (size <= 0) {
        return;
      }
      text.append(buffer.data(), static_cast<std::size_t>(size));
      if (!is_whole(text)) {
        continue;
      }
      const auto answer = handler_(std::exchange(text, {}));
      ::send(fd, answer.bytes.data(), answer.bytes.size(), MSG_NOSIGNAL);
      while (answer.hang && wait(fd, stop) && ::recv(fd, buffer.data(), buffer.size(), 0) > 0) {
      }
      if (answer.close || answer.hang) {
        return;
      }
    }
  }

  static bool is_whole(const std::string& text)
  {
    const auto end = text.find("\r\n\r\n");
    if (end == std::string::npos) {
      return false;
    }
    if (text.find("Transfer-Encoding: chunked") < end) {
      return text.ends_with("\r\n0\r\n\r\n");
    }
    const auto at = text.find("Content-Length: ");
    const auto length = at < end ? std::stoul(text.substr(at + 16)) : 0;
    return text.size() == end + 4 + length;
  }

  Handler handler_;
  Fd listener_;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::jthread acceptor_;
};

}  // namespace pecanctl::test
