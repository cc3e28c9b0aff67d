// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "core/stack/stack.hpp"

namespace pecanctl::stack {
namespace {

using nlohmann::json;

json render_mounts(const std::vector<Mount>& mounts)
{
  json result = json::object();
  for (const auto& mount : mounts) {
    const auto source = mount.is_engine_socket ? "socket of the engine"
                        : mount.volume.empty() ? mount.path
                                               : "volume " + mount.volume;
    result[mount.target] = mount.is_read_only ? source + " (read-only)" : source;
  }
  return result;
}

json render_ports(const std::vector<Port>& ports)
{
  json result = json::object();
  for (const auto& port : ports) {
    const auto host_port =
        port.host_port == 0 ? std::string{"any"} : std::to_string(port.host_port);
    result[std::to_string(port.container_port)] = fmt::format("{}:{}", port.host_ip, host_port);
  }
  return result;
}

json render_files(const std::vector<ConfigFile>& files, std::string_view owner)
{
  json result = json::object();
  for (const auto& file : files) {
    result[file.name] = fmt::format("{} {}:{} {:04o}", salted_digest(file.content, owner), file.uid,
                                    file.gid, file.mode);
    if (!file.folder.empty()) {
      result[file.name] = fmt::format("{} {}", result[file.name].get<std::string>(), file.folder);
    }
  }
  return result;
}

json render_environment(const Service& service, std::string_view owner)
{
  json result = service.environment;
  for (const auto& [name, secret] : service.secret_environment) {
    result[name] = "secret " + salted_digest(secret, owner);
  }
  return result;
}

// Unlike format_duration, different for different durations.
std::string exact(std::chrono::milliseconds duration)
{
  const auto ms = duration.count();
  return ms % 1000 == 0 ? fmt::format("{}s", ms / 1000) : fmt::format("{}ms", ms);
}

json render_health(const HealthCheck& health)
{
  return {{"test", health.test},
          {"interval", exact(health.interval)},
          {"start_interval", exact(health.start_interval)},
          {"timeout", exact(health.timeout)},
          {"start_period", exact(health.start_period)},
          {"retries", health.retries}};
}

json render_model(const Model& model)
{
  json result{{"name", model.name},
              {"type", model.type},
              {"version", model.version},
              {"max_runtime", exact(model.max_runtime)},
              {"drains", model.drains}};
  if (!model.fixed_queue.empty()) {
    result["queue"] = model.fixed_queue;
  }
  return result;
}

// Every leaf of a spec by its path. A list is one leaf, and so is the health check.
std::map<std::string, json> flatten(const json& value, const std::string& path = {})
{
  if (!value.is_object() || path == "health") {
    return {{path, value}};
  }
  std::map<std::string, json> result;
  for (const auto& [key, inner] : value.items()) {
    result.merge(flatten(inner, path.empty() ? key : fmt::format("{}.{}", path, key)));
  }
  return result;
}

std::optional<json> parse_spec(std::string_view text)
{
  constexpr int k_deepest = 8;
  const auto is_shallow = [](int depth, json::parse_event_t /*event*/, const json& /*parsed*/) {
    return depth <= k_deepest;
  };
  auto spec = json::parse(text, is_shallow, false);
  return spec.is_object() ? std::optional{std::move(spec)} : std::nullopt;
}

std::string show(const std::string& path, const json* value)
{
  if (value == nullptr || (value->is_number() && value->get<double>() == 0)) {
    return "none";
  }
  if (path == "limits.memory" && value->is_number_unsigned()) {
    return format_size(value->get<std::uint64_t>());
  }
  const auto text = value->is_string() ? value->get<std::string>() : value->dump();
  if (path == "stop_grace" || path == "model.max_runtime") {
    const auto duration = parse_duration(text);
    return duration ? format_duration(*duration) : text;
  }
  return text.empty() ? "none" : text;
}

// Digests and long values say nothing to a reader: only that they changed.
bool is_opaque(const std::string& path)
{
  return path.starts_with("environment.") || path.starts_with("files.") || path == "command" ||
         path == "health" || path.starts_with("labels.");
}

std::string describe_change(const std::string& path, const json* before, const json* after)
{
  // The operator wrote `memory`, not `limits.memory`.
  const auto name = path.starts_with("limits.") ? path.substr(path.find('.') + 1) : path;
  const auto from = show(path, before);
  const auto to = show(path, after);
  if (is_opaque(path) || from == to) {
    const auto* verb = before == nullptr ? "added" : after == nullptr ? "removed" : "changed";
    return fmt::format("{} {}", name, verb);
  }
  return fmt::format("{} {} -> {}", name, from, to);
}

}  // namespace

std::string render_spec(const Service& service, std::string_view owner)
{
  json spec{{"v", 1},
            {"image", service.image.reference},
            {"command", service.command},
            {"environment", render_environment(service, owner)},
            {"mounts", render_mounts(service.mounts)},
            {"ports", render_ports(service.ports)},
            {"files", render_files(service.files, owner)},
            {"hostname", service.hostname},
            {"user", service.user},
            {"limits",
             {{"memory", service.limits.memory},
              {"cpus", service.limits.cpus},
              {"pids", service.limits.pids}}},
            {"capabilities", service.capabilities},
            {"read_only_root", service.has_read_only_root},
            {"tmpfs", service.tmpfs},
            {"stop_grace", exact(service.stop_grace)}};
  if (service.health) {
    spec["health"] = render_health(*service.health);
  }
  if (service.model) {
    spec["model"] = render_model(*service.model);
  }
  if (!service.labels.empty()) {
    spec["labels"] = service.labels;
  }
  if (!service.joins.empty()) {
    spec["network_of"] = service.joins;
  }
  return spec.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string explain_difference(std::string_view before, std::string_view after)
{
  constexpr std::size_t k_shown = 3;
  if (before == after) {
    return {};
  }
  const auto old_spec = parse_spec(before);
  const auto new_spec = parse_spec(after);
  if (!old_spec || !new_spec || old_spec->value("v", json{}) != new_spec->value("v", json{})) {
    return "not made by this version";
  }
  auto changed = flatten(*old_spec);
  const auto old_leaves = changed;
  const auto new_leaves = flatten(*new_spec);
  changed.insert(new_leaves.begin(), new_leaves.end());
  const auto find = [](const auto& leaves, const std::string& path) {
    const auto found = leaves.find(path);
    return found == leaves.end() ? nullptr : &found->second;
  };
  std::vector<std::string> texts;
  for (const auto& [path, ignored] : changed) {
    const auto* from = find(old_leaves, path);
    const auto* to = find(new_leaves, path);
    if (from == nullptr || to == nullptr || *from != *to) {
      // What image a container has is what a reader looks for first.
      texts.insert(path == "image" ? texts.begin() : texts.end(), describe_change(path, from, to));
    }
  }
  if (texts.size() > k_shown) {
    const auto more = texts.size() - k_shown;
    texts.resize(k_shown);
    return fmt::format("{} and {} more", fmt::join(texts, ", "), more);
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace pecanctl::stack
