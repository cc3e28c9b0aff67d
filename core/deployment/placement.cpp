// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/placement.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/text.hpp"

namespace pecanctl::deployment {
namespace {

constexpr double k_boundless = 1'000'000;
constexpr double k_rounding = 1e-9;

std::string show_memory(double bytes)
{
  return format_size(static_cast<std::uint64_t>(bytes));
}

std::string show_cpus(double cpus)
{
  return fmt::format("{:.4g}", cpus);
}

// One kind of thing: what each container has of it, and how that is written.
template <typename Amount, typename Show>
std::optional<std::string> find_shortage(std::span<const Claim> claims, double capacity,
                                         std::string_view unit, Amount amount, Show show)
{
  double sum = 0;
  std::vector<std::string> terms;
  for (const auto& claim : claims) {
    const double each = amount(claim);
    if (claim.count > 0 && each > 0) {
      sum += claim.count * each;
      terms.push_back(claim.count == 1
                          ? fmt::format("{} {}", claim.name, show(each))
                          : fmt::format("{} {} x {}", claim.name, claim.count, show(each)));
    }
  }
  if (sum <= capacity + k_rounding) {
    return std::nullopt;
  }
  const auto total = terms.size() == 1 && terms.front().find(" x ") == std::string::npos
                         ? std::string{}
                         : fmt::format(" = {}", show(sum));
  return fmt::format("{}{} {}; the machine has {}", fmt::join(terms, " + "), total, unit,
                     show(capacity));
}

double memory_of(const Claim& claim)
{
  return static_cast<double>(claim.memory);
}

double cpus_of(const Claim& claim)
{
  return claim.cpus;
}

}  // namespace

std::optional<std::string> explain_shortage(std::span<const Claim> claims, const Capacity& capacity)
{
  auto shortage = find_shortage(claims, static_cast<double>(capacity.memory), "of memory",
                                memory_of, show_memory);
  return shortage ? shortage
                  : find_shortage(claims, capacity.cpus, "processors", cpus_of, show_cpus);
}

int find_room(std::string_view name, std::span<const Claim> claims, const Capacity& capacity)
{
  auto memory = static_cast<double>(capacity.memory);
  double cpus = capacity.cpus;
  const Claim* own = nullptr;
  for (const auto& claim : claims) {
    if (claim.name == name) {
      own = &claim;
    } else {
      memory -= claim.count * memory_of(claim);
      cpus -= claim.count * claim.cpus;
    }
  }
  if (own == nullptr) {
    return static_cast<int>(k_boundless);
  }
  double room = k_boundless;
  room = own->memory > 0 ? std::min(room, memory / memory_of(*own)) : room;
  room = own->cpus > 0 ? std::min(room, (cpus + k_rounding) / own->cpus) : room;
  return static_cast<int>(std::max(room, 0.0));
}

}  // namespace pecanctl::deployment
