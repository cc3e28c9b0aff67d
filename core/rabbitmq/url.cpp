// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/rabbitmq/broker.hpp"

namespace pecanctl::rabbitmq {
namespace {

// The whole of `text` as a number of `base`.
std::optional<unsigned> parse_number(std::string_view text, int base)
{
  unsigned number = 0;
  const auto* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number, base);
  return error == std::errc{} && stopped == end ? std::optional{number} : std::nullopt;
}

[[noreturn]] void refuse_url(std::string why)
{
  throw Error{{.code = ErrorCode::invalid,
               .what = "cannot read the broker's URL",
               .why = std::move(why),
               .hint = "write it as amqp://user:password@host:5672/%2F"}};
}

std::string decode_part(std::string_view text, std::string_view part)
{
  auto decoded = percent_decode(text);
  if (!decoded || decoded->find('\0') != std::string::npos) {
    refuse_url(fmt::format("its {} has a broken %-escape", part));
  }
  return std::move(*decoded);
}

// What is left of `separator`, taken off `text`; everything when there is none.
std::string_view take_until(std::string_view& text, char separator)
{
  const auto end = text.find(separator);
  const auto head = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return head;
}

void read_login(std::string_view login, Endpoint& endpoint)
{
  endpoint.user = decode_part(take_until(login, ':'), "user");
  endpoint.password = Secret{decode_part(login, "password")};
}

// "host", "host:port", "[::1]:port".
void read_address(std::string_view address, Endpoint& endpoint)
{
  if (address.starts_with('[')) {
    address.remove_prefix(1);
    endpoint.host = take_until(address, ']');
    if (!address.empty() && !address.starts_with(':')) {
      refuse_url("something other than a port follows the address in brackets");
    }
    address.remove_prefix(address.empty() ? 0 : 1);
  } else {
    endpoint.host = decode_part(take_until(address, ':'), "host");
  }
  if (endpoint.host.empty()) {
    refuse_url("it names no host");
  }
  if (!address.empty()) {
    const auto port = parse_number(address, 10);
    if (!port || *port == 0 || *port > 65535) {
      refuse_url("its port is not a number from 1 to 65535");
    }
    endpoint.port = static_cast<int>(*port);
  }
}

}  // namespace

Endpoint parse_amqp_url(std::string_view url)
{
  Endpoint endpoint{.user = "guest", .password = Secret{"guest"}};
  if (url.starts_with("amqps://")) {
    endpoint.use_tls = true;
    endpoint.port = 5671;
  } else if (!url.starts_with("amqp://")) {
    refuse_url("it begins neither with amqp:// nor with amqps://");
  }
  url.remove_prefix(url.find("//") + 2);
  url = url.substr(0, url.find_first_of("?#"));  // options of other clients (heartbeat=…)
  auto authority = take_until(url, '/');
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    read_login(authority.substr(0, at), endpoint);
    authority.remove_prefix(at + 1);
  }
  read_address(authority, endpoint);
  endpoint.vhost = url.empty() ? "/" : decode_part(url, "virtual host");
  return endpoint;
}

}  // namespace pecanctl::rabbitmq
