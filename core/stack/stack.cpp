// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/stack/stack.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::stack {
namespace {

using Names = std::set<std::string, std::less<>>;

void check_dependencies(const std::vector<Service>& services, const Names& known)
{
  for (const auto& service : services) {
    for (const auto& needed : service.depends_on) {
      if (!known.contains(needed)) {
        throw Error{{.code = ErrorCode::invalid,
                     .what = fmt::format("cannot order service '{}'", service.name),
                     .why = fmt::format("it depends on '{}', which does not exist", needed)}};
      }
    }
  }
}

// Those that are not done yet, and whose dependencies all are.
std::vector<std::string> next_level(const std::vector<Service>& services, const Names& done)
{
  std::vector<std::string> level;
  for (const auto& service : services) {
    const bool is_ready = std::ranges::all_of(
        service.depends_on, [&](const std::string& needed) { return done.contains(needed); });
    if (is_ready && !done.contains(service.name)) {
      level.push_back(service.name);
    }
  }
  return level;
}

}  // namespace

const Service* Stack::find_service(std::string_view service) const
{
  const auto found = std::ranges::find(services, service, &Service::name);
  return found == services.end() ? nullptr : &*found;
}

const External* Stack::find_external(std::string_view service) const
{
  const auto found = std::ranges::find(externals, service, &External::service);
  return found == externals.end() ? nullptr : &*found;
}

std::string External::url() const
{
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}@{}{}{}:{}/{}", scheme, percent_encode(user), is_ipv6 ? "[" : "", host,
                     is_ipv6 ? "]" : "", port, percent_encode(space));
}

bool has_placed_files(const Service& service)
{
  return std::ranges::any_of(service.files,
                             [](const ConfigFile& file) { return !file.folder.empty(); });
}

bool is_valid_name(std::string_view name)
{
  const auto is_lower = [](char letter) { return letter >= 'a' && letter <= 'z'; };
  const auto is_allowed = [&](char letter) {
    return is_lower(letter) || (letter >= '0' && letter <= '9') || letter == '-';
  };
  return name.size() >= 2 && name.size() <= 32 && is_lower(name.front()) && name.back() != '-' &&
         name != "pecanctl" && std::ranges::all_of(name, is_allowed);
}

std::vector<std::vector<std::string>> dependency_levels(const std::vector<Service>& services)
{
  Names waiting;
  for (const auto& service : services) {
    waiting.insert(service.name);
  }
  check_dependencies(services, waiting);
  Names done;
  std::vector<std::vector<std::string>> levels;
  while (!waiting.empty()) {
    auto level = next_level(services, done);
    if (level.empty()) {
      throw Error{{.code = ErrorCode::invalid,
                   .what = "cannot order the services",
                   .why = fmt::format("these wait for each other: {}", fmt::join(waiting, ", "))}};
    }
    for (const auto& name : level) {
      waiting.erase(name);
      done.insert(name);
    }
    levels.push_back(std::move(level));
  }
  return levels;
}

}  // namespace pecanctl::stack
