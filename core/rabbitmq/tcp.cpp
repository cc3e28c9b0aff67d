// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/rabbitmq/tcp.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace pecanctl::rabbitmq {
namespace {

constexpr int k_longest_sleep_ms = 250;

struct AddressListDeleter {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

using AddressList = std::unique_ptr<addrinfo, AddressListDeleter>;

Error unreachable(const std::string& host, int port, std::string why)
{
  return Error{{.code = ErrorCode::unreachable,
                .what = fmt::format("cannot reach RabbitMQ at {}:{}", host, port),
                .why = std::move(why)}};
}

AddressList look_up(const std::string& host, int port)
{
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
  if (status != 0) {
    throw unreachable(host, port, ::gai_strerror(status));
  }
  return AddressList{found};
}

int pending_error(int fd)
{
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// Connects to one address; returns 0 or the errno value.
int connect_to(int fd, const addrinfo& address, const Deadline& deadline,
               const std::stop_token& stop)
{
  if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) {
    return 0;
  }
  if (errno != EINPROGRESS) {
    return errno;
  }
  wait_writable(fd, "cannot connect to RabbitMQ", deadline, stop);
  return pending_error(fd);
}

void set_options(int fd)
{
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

}  // namespace

void wait_writable(int fd, std::string_view what, const Deadline& deadline,
                   const std::stop_token& stop)
{
  for (;;) {
    pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
    if (::poll(&entry, 1, 0) == 0) {
      check_stop(stop);
      if (deadline.is_over()) {
        throw Error{{.code = ErrorCode::timeout,
                     .what = std::string{what},
                     .why = "RabbitMQ takes no data (it blocks publishers, or is overloaded)"}};
      }
      ::poll(&entry, 1, deadline.left_ms(k_longest_sleep_ms));
    }
    if (entry.revents != 0) {
      return;
    }
  }
}

Fd connect_tcp(const std::string& host, int port, const Deadline& deadline,
               const std::stop_token& stop)
{
  const auto addresses = look_up(host, port);
  int error = EADDRNOTAVAIL;
  for (const auto* address = addresses.get(); address != nullptr; address = address->ai_next) {
    Fd fd{::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!fd) {
      error = errno;
      continue;
    }
    error = connect_to(fd.get(), *address, deadline, stop);
    if (error == 0) {
      set_options(fd.get());
      return fd;
    }
  }
  throw unreachable(host, port, std::generic_category().message(error));
}

}  // namespace pecanctl::rabbitmq
