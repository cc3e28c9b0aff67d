// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
// What the composition root knows of the machine: who we are, its address, its locks.
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

constexpr std::chrono::minutes k_machine_wait{2};

}  // namespace

std::string Context::user_name() const
{
  if (const auto sudo = find_variable("SUDO_USER")) {
    return *sudo;
  }
  const auto* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

deployment::Holder Context::holder() const
{
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return {.host = host.data(),
          .pid = ::getpid(),
          .user = user_name(),
          .command = command_line_,
          .since = format_time(std::chrono::system_clock::now())};
}

std::unique_ptr<deployment::InstanceLock> Context::lock(const std::string& name)
{
  printer_.go_on_unread();
  try {
    return take({.name = name, .wait = options_.lock_wait});
  } catch (const Error& error) {
    auto info = error.info();
    info.has_changed_nothing = true;  // every command locks before it changes anything
    throw Error{std::move(info)};
  }
}

std::unique_ptr<deployment::InstanceLock> Context::lock_sync(const std::string& name)
{
  printer_.go_on_unread();
  return take({.name = name + ".sync", .wait = options_.lock_wait});
}

std::unique_ptr<deployment::InstanceLock> Context::lock_machine_in_use()
{
  return take({.name = machine_lock_name() + ".users",
               .wait = k_machine_wait,
               .mode = deployment::LockMode::shared});
}

std::unique_ptr<deployment::InstanceLock> Context::find_machine_unused()
{
  try {
    return take({.name = machine_lock_name() + ".users"});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::conflict) {
      throw;
    }
    return nullptr;
  }
}

std::unique_ptr<deployment::InstanceLock> Context::lock_machine()
{
  return take({.name = machine_lock_name(), .wait = k_machine_wait});
}

std::unique_ptr<deployment::InstanceLock> Context::take(deployment::LockRequest request)
{
  request.folders = deployment::lock_folders();
  return std::make_unique<deployment::InstanceLock>(request, holder(), reporter_, stop_);
}

std::string Context::machine_lock_name() const
{
  // Every engine of the machine has services of its own.
  std::error_code ignored;
  const auto socket = std::filesystem::weakly_canonical(docker_socket(), ignored);
  const auto standard = std::filesystem::weakly_canonical(k_default_socket, ignored);
  return socket == standard ? std::string{"pecanctl"}
                            : fmt::format("pecanctl.{}", sha256_hex(socket.string()).substr(0, 8));
}

std::string Context::machine_address() const
{
  // Connecting a datagram socket sends nothing; it only asks the kernel which address would be
  // used.
  const Fd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(9);
  ::inet_pton(AF_INET, "192.0.2.1", &peer.sin_addr);  // TEST-NET-1: routed, never answered
  sockaddr_in own{};
  socklen_t size = sizeof own;
  std::array<char, INET_ADDRSTRLEN> text{"127.0.0.1"};
  if (fd && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0 &&
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&own), &size) == 0) {
    ::inet_ntop(AF_INET, &own.sin_addr, text.data(), text.size());
  }
  return text.data();
}

bool Context::is_loopback(const std::string& host)
{
  constexpr std::uint32_t k_first_byte = 0xff000000U;
  constexpr std::uint32_t k_loopback = 0x7f000000U;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, nullptr, &found) != 0) {
    return false;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list{found, &::freeaddrinfo};
  for (const auto* each = list.get(); each != nullptr; each = each->ai_next) {
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (each->ai_family == AF_INET) {
      std::memcpy(&v4, each->ai_addr, sizeof v4);
      if ((ntohl(v4.sin_addr.s_addr) & k_first_byte) == k_loopback) {
        return true;
      }
    } else if (each->ai_family == AF_INET6) {
      std::memcpy(&v6, each->ai_addr, sizeof v6);
      if (IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) != 0) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace pecanctl::cli
