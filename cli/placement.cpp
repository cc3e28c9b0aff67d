// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/placement.hpp"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "core/deployment/placement.hpp"

namespace pecanctl::cli {
namespace {

// Only what pecan.yml itself says: a standard limit is no claim.
std::vector<deployment::Claim> claims_of(Context& context,
                                         const std::map<std::string, int>& replicas)
{
  std::vector<deployment::Claim> claims;
  for (const auto& model : context.file().models) {
    const auto found = replicas.find(model.key);
    claims.push_back({.name = model.key,
                      .count = found == replicas.end() ? model.replicas : found->second,
                      .memory = model.memory.value_or(0),
                      .cpus = model.cpus.value_or(0)});
  }
  for (const auto& [name, changes] : context.file().services) {
    claims.push_back({.name = name,
                      .count = 1,
                      .memory = changes.memory.value_or(0),
                      .cpus = changes.cpus.value_or(0)});
  }
  return claims;
}

// The engine is on this machine: it is reached through a Unix socket.
deployment::Capacity find_capacity()
{
  const auto pages = ::sysconf(_SC_PHYS_PAGES);
  const auto size = ::sysconf(_SC_PAGESIZE);
  const auto cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
  return {.memory = static_cast<std::uint64_t>(std::max(pages, 0L)) *
                    static_cast<std::uint64_t>(std::max(size, 0L)),
          .cpus = static_cast<double>(std::max(cpus, 1L))};
}

}  // namespace

void require_room(Context& context, const std::map<std::string, int>& replicas)
{
  if (const auto shortage =
          deployment::explain_shortage(claims_of(context, replicas), find_capacity())) {
    throw Error{{.code = ErrorCode::invalid,
                 .what = fmt::format("this machine cannot hold {}", context.stack().name),
                 .why = *shortage,
                 .hint = "lower memory, cpus or the number of workers in pecan.yml, or scale a "
                         "model down",
                 .has_changed_nothing = true}};
  }
}

int room_for(Context& context, const std::string& model, const std::map<std::string, int>& replicas)
{
  return deployment::find_room(model, claims_of(context, replicas), find_capacity());
}

}  // namespace pecanctl::cli
