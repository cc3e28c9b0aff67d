// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/external_service.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/config/schema.hpp"
#include "core/project/broker_files.hpp"

namespace pecanctl::project {
namespace {

constexpr int k_management_port = 15672;
constexpr int k_last_port = 65535;

[[noreturn]] void refuse_url_of(std::string_view service, std::string why, std::string hint = {})
{
  const auto* const example = service == "postgres" ? "write postgres://USER@HOST:5432/bety"
                                                    : "write amqp://USER@HOST:5672/%2F";
  throw Error{{.code = ErrorCode::invalid,
               .what = fmt::format("cannot use that {}", service),
               .why = std::move(why),
               .hint = hint.empty() ? example : std::move(hint)}};
}

// What stands before the first `separator`, taken off `text` with it; everything without one.
std::string_view take_until(std::string_view& text, std::string_view separator)
{
  const auto end = text.find(separator);
  const auto head = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + separator.size());
  return head;
}

std::string decode(std::string_view service, std::string_view text)
{
  auto decoded = percent_decode(text);
  const auto is_control = [](char letter) { return letter >= '\0' && letter < ' '; };
  if (!decoded || std::ranges::any_of(*decoded, is_control)) {
    refuse_url_of(service, "the URL has a broken %-escape");
  }
  return std::move(*decoded);
}

bool is_of_this_machine_only(std::string_view host)
{
  return host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") ||
         host == "::1" || host == "0.0.0.0" || host == "::" || host.starts_with('/');
}

void read_address(std::string_view service, std::string_view text, stack::External& external)
{
  if (text.starts_with('[')) {
    text.remove_prefix(1);
    external.host = take_until(text, "]");
    take_until(text, ":");
  } else {
    external.host = decode(service, take_until(text, ":"));
  }
  if (external.host.empty()) {
    refuse_url_of(service, "the URL names no host");
  }
  if (is_of_this_machine_only(external.host)) {
    refuse_url_of(service, fmt::format("in a container, {} is the container itself", external.host),
                  "write the machine's name or address as other machines know it");
  }
  if (!text.empty()) {
    const auto port = config::parse_integer(text).value_or(0);
    if (port < 1 || port > k_last_port) {
      refuse_url_of(service, "the port is no number from 1 to 65535");
    }
    external.port = static_cast<int>(port);
  }
}

stack::External standard_of(std::string_view service, std::string_view scheme)
{
  stack::External external{.service = std::string{service}, .scheme = std::string{scheme}};
  if (service == "postgres") {
    external.scheme = "postgres";
    external.port = 5432;
    external.user = "postgres";
    external.space = "bety";
  } else {
    external.port = scheme == "amqps" ? 5671 : 5672;
    external.user = k_broker_user;
    external.space = "/";
  }
  return external;
}

std::string port_of(std::string_view url)
{
  const auto colon = url.rfind(':');
  const auto port = colon == std::string_view::npos ? url : url.substr(colon + 1);
  return std::string{config::parse_integer(port) ? port : url.starts_with("https") ? "443" : "80"};
}

void tell_database(const stack::External& external, stack::Service& service)
{
  auto& environment = service.environment;
  environment["PGHOST"] = external.host;
  environment["PGPORT"] = std::to_string(external.port);
  environment["BETYDATABASE"] = external.space;
  if (const auto user = environment.find("PGUSER");
      user != environment.end() && user->second == "postgres") {
    user->second = external.user;
  }
  if (environment.contains("PGDATABASE")) {
    environment["PGDATABASE"] = external.space;
  }
  if (environment.contains("KEEP_ENV")) {
    environment["KEEP_ENV"] += " PGPORT";
  }
}

void tell_broker(const stack::External& external, stack::Service& service)
{
  auto& environment = service.environment;
  if (environment.contains("RABBITMQ_PORT")) {
    environment["RABBITMQ_PORT"] = port_of(external.management);
  }
  if (environment.contains("RABBITMQ_MGMT_PATH")) {
    environment["RABBITMQ_MGMT_PORT"] = port_of(external.management);
  }
}

}  // namespace

bool may_be_external(std::string_view service)
{
  return service == "postgres" || service == "rabbitmq";
}

stack::External parse_external(std::string_view service, std::string_view url)
{
  const auto scheme = url.substr(0, url.find("://"));
  const bool is_database = service == "postgres";
  if (is_database ? scheme != "postgres" && scheme != "postgresql"
                  : scheme != "amqp" && scheme != "amqps") {
    refuse_url_of(service, is_database ? "it begins neither with postgres:// nor with postgresql://"
                                       : "it begins neither with amqp:// nor with amqps://");
  }
  auto external = standard_of(service, scheme);
  url.remove_prefix(scheme.size() + std::string_view{"://"}.size());
  if (url.find_first_of("?#") != std::string_view::npos) {
    refuse_url_of(service, "options (?…) are not taken");
  }
  auto authority = take_until(url, "/");
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    const auto login = authority.substr(0, at);
    if (login.find(':') != std::string_view::npos) {
      refuse_url_of(
          service, "a password must not stand in pecan.yml",
          fmt::format("take it out, and put it in secrets/{0} or where `secrets: {{{0}: …}}` "
                      "says",
                      service));
    }
    external.user = decode(service, login);
    authority.remove_prefix(at + 1);
  }
  read_address(service, authority, external);
  if (!url.empty()) {
    external.space = decode(service, url);
  }
  if (!is_database) {
    const bool is_ipv6 = external.host.find(':') != std::string::npos;
    external.management = fmt::format("http://{}{}{}:{}", is_ipv6 ? "[" : "", external.host,
                                      is_ipv6 ? "]" : "", k_management_port);
  }
  return external;
}

void use_externals(const std::vector<stack::External>& externals, stack::Service& service)
{
  const auto needs = [&](std::string_view name) {
    return std::erase_if(service.depends_on, [&](const auto& each) { return each == name; }) > 0;
  };
  for (const auto& external : externals) {
    if (needs(external.service)) {
      external.service == "postgres" ? tell_database(external, service)
                                     : tell_broker(external, service);
    }
  }
}

Secret broker_uri_for(const std::vector<stack::External>& externals, const Secret& password)
{
  const auto found = std::ranges::find(externals, "rabbitmq", &stack::External::service);
  if (found == externals.end()) {
    return broker_uri(password);
  }
  auto url = found->url();
  url.insert(url.find('@'), ":" + percent_encode(password.reveal()));
  return Secret{std::move(url)};
}

}  // namespace pecanctl::project
