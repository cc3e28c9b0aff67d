// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
// Which Consul the composition root connects to.
#include <fmt/format.h>

#include "cli/context.hpp"
#include "cli/settings.hpp"
#include "core/consul/consul.hpp"

namespace pecanctl::cli {
namespace {

constexpr int k_consul_port = 8500;

// As one would write it in a browser; "host:8500" is what Consul's own tools take, too.
std::string normal_url(std::string address)
{
  while (address.ends_with('/')) {
    address.pop_back();
  }
  return address.empty() || address.find("://") != std::string::npos ? address
                                                                     : "http://" + address;
}

}  // namespace

// What pecan.yml says, also one that only the containers of the instance remember.
SettingValue Context::instance_consul()
{
  if (has_file()) {
    return {.value = file().consul_address, .origin = file().path.string()};
  }
  const auto path = find_recorded_path();
  if (!path) {
    return {};
  }
  try {
    const auto found = project::parse_instance_file(project::load_instance_source(*path).text,
                                                    *path, find_variable, catalogue());
    return {.value = found.consul_address, .origin = path->string()};
  } catch (const Error& error) {
    warn(reporter_,
         fmt::format("cannot read which Consul {} uses: {}", options_.instance, error.what()));
    return {};
  }
}

SettingValue Context::explicit_consul()
{
  auto setting = options_.settings.at("consul.address");
  if (setting.value.empty() || !beats_instance_file(setting)) {
    if (auto found = instance_consul(); !found.value.empty()) {
      setting = std::move(found);
    }
  }
  setting.value = normal_url(setting.value);
  const auto variable = normal_url(find_variable("CONSUL_HTTP_ADDR").value_or(""));
  refuse_conflict("Consul", setting, "CONSUL_HTTP_ADDR", variable);
  if (setting.value.empty()) {
    setting = {.value = variable, .origin = "CONSUL_HTTP_ADDR"};
  }
  if (!setting.value.empty() && !setting.value.starts_with("http://") &&
      !setting.value.starts_with("https://")) {
    throw Error{{.code = ErrorCode::usage,
                 .what = fmt::format("cannot use {}={}", setting.origin, setting.value),
                 .why = "only http:// and https:// addresses are supported",
                 .hint = "write http://HOST:8500"}};
  }
  return setting;
}

bool Context::has_own_consul()
{
  return explicit_consul().value.empty();
}

std::optional<deployment::Index::Connect> Context::find_consul()
{
  auto address = explicit_consul().value;
  if (address.empty()) {
    const engine::Identity machine{.instance = "pecanctl", .owner = "machine"};
    const auto observed = backend().observe_containers(machine, look_deadline(), stop_);
    const auto port = observed.find_port("consul", k_consul_port);
    if (!port) {
      return std::nullopt;
    }
    address = fmt::format("http://127.0.0.1:{}", port->host_port);
  }
  const auto token = find_variable("CONSUL_HTTP_TOKEN").value_or("");
  printer_.redactor().add(Secret{token});
  return [address, token] { return make_consul_client(address, token); };
}

std::unique_ptr<deployment::Index> Context::index()
{
  return claim("lock");
}

std::unique_ptr<deployment::Index> Context::claim(const std::string& job)
{
  const auto connect = find_consul();
  if (!connect) {
    throw Error{{.code = ErrorCode::unreachable,
                 .what = "cannot reach Consul",
                 .why = "this machine's Consul container does not run",
                 .hint = "start it: pecanctl deploy"}};
  }
  auto index = std::make_unique<deployment::Index>(*connect, instance_name(), job);
  index->acquire(holder(), options_.lock_wait, reporter_, look_deadline(), stop_);
  return index;
}

}  // namespace pecanctl::cli
