// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "core/inspection/checks.hpp"

namespace pecanctl::inspection::checks {
namespace {

struct Subnet {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

std::optional<Subnet> parse_subnet(const std::string& text)
{
  const auto slash = text.find('/');
  in_addr address{};
  int prefix = 0;
  if (slash == std::string::npos ||
      ::inet_pton(AF_INET, text.substr(0, slash).c_str(), &address) != 1 ||
      std::from_chars(text.data() + slash + 1, text.data() + text.size(), prefix).ec !=
          std::errc{} ||
      prefix < 0 || prefix > 32) {
    return std::nullopt;  // IPv6, or nothing
  }
  const std::uint32_t mask = prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix);
  const auto first = ntohl(address.s_addr) & mask;
  return Subnet{.first = first, .last = first | ~mask};
}

}  // namespace

PoolCount count_pools(std::vector<docker::AddressPool> pools, const std::vector<std::string>& taken)
{
  if (pools.empty()) {
    // Source: moby libnetwork/ipamutils, the local scope's default networks.
    pools = {{"172.17.0.0/16", 16}, {"172.18.0.0/16", 16}, {"172.19.0.0/16", 16},
             {"172.20.0.0/14", 16}, {"172.24.0.0/14", 16}, {"172.28.0.0/14", 16},
             {"192.168.0.0/16", 20}};
  }
  std::vector<Subnet> used;
  for (const auto& text : taken) {
    if (const auto subnet = parse_subnet(text)) {
      used.push_back(*subnet);
    }
  }
  PoolCount count;
  for (const auto& pool : pools) {
    const auto base = parse_subnet(pool.base);
    if (!base || pool.size < 1 || pool.size > 32) {
      continue;
    }
    const std::uint64_t step = std::uint64_t{1} << (32 - pool.size);
    for (std::uint64_t first = base->first; first + step - 1 <= base->last; first += step) {
      ++count.total;
      const bool is_used = std::ranges::any_of(used, [&](const Subnet& other) {
        return other.first <= first + step - 1 && other.last >= first;
      });
      count.free += is_used ? 0 : 1;
    }
  }
  return count;
}

std::vector<std::string> list_routes()
{
  std::vector<std::string> routes;
  std::ifstream table{"/proc/net/route"};
  std::string line;
  std::getline(table, line);  // the titles
  while (std::getline(table, line)) {
    // Interface, destination and gateway in hexadecimal of network order, flags, three numbers,
    // mask.
    std::istringstream columns{line};
    std::string skipped;
    std::uint32_t destination = 0;
    std::uint32_t mask = 0;
    columns >> skipped >> std::hex >> destination;
    for (int i = 0; i < 5; ++i) {
      columns >> skipped;
    }
    if (columns >> mask && mask != 0) {
      const auto address = ntohl(destination);
      routes.push_back(fmt::format("{}.{}.{}.{}/{}", address >> 24U, address >> 16U & 0xFFU,
                                   address >> 8U & 0xFFU, address & 0xFFU, std::popcount(mask)));
    }
  }
  return routes;
}

std::optional<std::chrono::system_clock::time_point> parse_http_date(const std::string& text)
{
  std::tm parts{};
  const char* const end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') {
    return std::nullopt;
  }
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

}  // namespace pecanctl::inspection::checks
