// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/settings.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "core/config/document.hpp"
#include "core/config/settings.hpp"

namespace pecanctl::cli {
namespace {

namespace fs = std::filesystem;
using config::Key;
using config::Type;

// The one description of PECANCTL_* and config.yml. "lock_wait" is --lock-wait and
// PECANCTL_LOCK_WAIT.
constexpr std::array k_setting_keys{
    Key{.path = "file", .description = "The instance file, when there is no pecan.yml here"},
    Key{.path = "instance", .description = "The instance, when there is no pecan.yml here"},
    Key{.path = "json",
        .type = Type::boolean,
        .description = "Machine-readable output on stdout",
        .fallback = "false"},
    Key{.path = "quiet", .type = Type::boolean, .description = "Errors only", .fallback = "false"},
    Key{.path = "verbose",
        .type = Type::boolean,
        .description = "More about what happens",
        .fallback = "false"},
    Key{.path = "color",
        .type = Type::choice,
        .description = "When to use colour",
        .fallback = "auto",
        .choices = "auto|always|never"},
    Key{.path = "lock_wait",
        .type = Type::duration,
        .description = "How long to wait for another pecanctl",
        .fallback = "0s"},
    Key{.path = "timeout",
        .type = Type::duration,
        .description = "Give up after this long; default: the command's own"},
    Key{.path = "docker", .type = Type::map, .description = "The Docker Engine"},
    Key{.path = "docker.host",
        .description = "unix:// address; default: DOCKER_HOST, else /var/run/docker.sock"},
    Key{.path = "consul", .type = Type::map, .description = "Consul of the site"},
    Key{.path = "consul.address",
        .description = "URL; default: CONSUL_HTTP_ADDR, else this machine's own container"},
};

const config::Schema& settings_schema()
{
  static const config::Schema k_schema{k_setting_keys};
  return k_schema;
}

std::string flag_of(std::string_view key)
{
  std::string flag = "--" + std::string{key};
  std::ranges::replace(flag, '_', '-');
  return flag;
}

config::Layer read_flags(const std::map<std::string, std::string>& flags)
{
  config::Layer layer;
  for (const auto& key : settings_schema().keys()) {
    const auto flag = flag_of(key.path);
    if (const auto found = flags.find(flag); found != flags.end()) {
      layer[std::string{key.path}] = {found->second, flag};
    }
  }
  return layer;
}

// Of a user without a home (cron, a service) there is none.
std::optional<fs::path> find_own_file()
{
  for (const auto& [variable, rest] :
       {std::pair{"XDG_CONFIG_HOME", ""}, std::pair{"HOME", ".config"}}) {
    const auto folder = find_variable(variable).value_or("");
    if (folder.starts_with('/')) {
      return fs::path{folder} / rest / "pecanctl" / "config.yml";
    }
  }
  return std::nullopt;
}

config::Layer read_layer(const fs::path& path)
{
  std::error_code error;
  const auto status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    return {};
  }
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw Error{{.code = ErrorCode::invalid,
                 .what = fmt::format("cannot use {}", path.string()),
                 .why = "it is not a file",
                 .hint = "put a file there, or remove it"}};
  }
  // One byte more than a document may have: then it is refused with its name.
  return config::read_file_layer(settings_schema(), path.string(),
                                 read_file(path, config::Limits{}.bytes + 1));
}

std::chrono::milliseconds duration_of(const config::Settings& settings, std::string_view name)
{
  return parse_duration(settings.get(name).value).value_or(std::chrono::milliseconds{0});
}

bool is_on(const config::Settings& settings, std::string_view name)
{
  return config::parse_boolean(settings.get(name).value).value_or(false);
}

}  // namespace

void resolve_settings(GlobalOptions& options, const std::map<std::string, std::string>& flags)
{
  std::vector<config::Layer> layers{
      read_flags(flags), config::read_environment_layer(settings_schema(), find_variable)};
  if (const auto own = find_own_file()) {
    layers.push_back(read_layer(*own));
  }
  layers.push_back(read_layer("/etc/pecanctl/config.yml"));
  const config::Settings settings{settings_schema(), layers};
  options.is_json = is_on(settings, "json");
  options.is_quiet = is_on(settings, "quiet");
  options.verbosity = std::max(options.verbosity, is_on(settings, "verbose") ? 1 : 0);
  options.color = settings.get("color").value;
  options.lock_wait = duration_of(settings, "lock_wait");
  options.timeout = duration_of(settings, "timeout");
  for (const auto& [name, setting] : settings.all()) {
    if (settings_schema().find(name)->type == Type::map) {
      continue;
    }
    options.settings.insert_or_assign(name, SettingValue{setting.value, setting.origin});
  }
  // pecan.yml and the folders above us say more than a file of the user or the machine.
  for (const auto& [name, target] :
       {std::pair{"file", &options.file}, std::pair{"instance", &options.instance}}) {
    if (beats_instance_file(options.settings.at(name))) {
      *target = settings.get(name).value;
    }
  }
}

void refuse_conflict(std::string_view subject, const SettingValue& setting,
                     std::string_view variable, const std::string& ambient)
{
  if (!setting.value.empty() && !ambient.empty() && setting.value != ambient) {
    throw Error{{.code = ErrorCode::usage,
                 .what = fmt::format("cannot tell which {} is meant", subject),
                 .why = fmt::format("{} says {}, and {} says {}", setting.origin, setting.value,
                                    variable, ambient),
                 .hint = fmt::format("make them agree, or: unset {}", variable)}};
  }
}

bool beats_instance_file(const SettingValue& setting)
{
  return setting.origin.starts_with("--") || setting.origin.starts_with("PECANCTL_");
}

}  // namespace pecanctl::cli
