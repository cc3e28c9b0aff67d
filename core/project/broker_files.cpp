// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/broker_files.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/base64.hpp"
#include "core/base/text.hpp"

namespace pecanctl::project {
namespace {

using namespace std::chrono_literals;

std::string bytes_of_hex(std::string_view hex)
{
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    bytes += static_cast<char>(value);
  }
  return bytes;
}

}  // namespace

std::chrono::milliseconds consumer_timeout(std::chrono::milliseconds longest_run)
{
  return std::max<std::chrono::milliseconds>(24h, longest_run + 15min);
}

std::string render_broker_configuration(std::chrono::milliseconds timeout, std::uint64_t memory)
{
  // An absolute mark: a relative one would be of the machine's memory, not of the container's.
  const auto watermark =
      memory == 0 ? std::string{"vm_memory_high_watermark.relative = 0.4"}
                  : fmt::format("vm_memory_high_watermark.absolute = {}", memory / 5 * 3);
  return fmt::format(R"(# Written by pecanctl.
load_definitions = /run/pecanctl/definitions.json
loopback_users = none
listeners.tcp.default = 5672
consumer_timeout = {}
{}
disk_free_limit.absolute = 200MB
log.console = true
log.console.level = info
)",
                     timeout.count(), watermark);
}

std::string broker_password_hash(const Secret& password, std::string_view salt)
{
  std::string salted{salt};
  const auto digest = sha256_hex(salted + password.reveal());
  return encode_base64(salted + bytes_of_hex(digest));
}

std::string render_broker_definitions(const Secret& password, std::string_view owner)
{
  const auto salt =
      bytes_of_hex(sha256_hex(fmt::format("pecanctl broker salt {}", owner)).substr(0, 8));
  using json = nlohmann::ordered_json;
  const json user{{"name", k_broker_user},
                  {"password_hash", broker_password_hash(password, salt)},
                  {"hashing_algorithm", "rabbit_password_hashing_sha256"},
                  {"tags", "administrator"}};
  const json vhost{{"name", "/"}};
  const json permission{{"user", k_broker_user},
                        {"vhost", "/"},
                        {"configure", ".*"},
                        {"write", ".*"},
                        {"read", ".*"}};
  const json definitions{{"users", json::array({user})},
                         {"vhosts", json::array({vhost})},
                         {"permissions", json::array({permission})}};
  return definitions.dump(2) + "\n";
}

Secret broker_uri(const Secret& password, std::string_view host, int port)
{
  return Secret{fmt::format("amqp://{}:{}@{}:{}/%2F", k_broker_user,
                            percent_encode(password.reveal()), host, port)};
}

}  // namespace pecanctl::project
