// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pecanctl::deployment {

/// What pecan.yml gives each container of a service. Standard limits are none: they keep a
/// container that runs away from taking the machine along, and most never need them.
struct Claim {
  std::string name = {};
  int count = 0;
  std::uint64_t memory = 0;  ///< bytes each; 0: none said
  double cpus = 0;           ///< each; 0: none said
};

struct Capacity {
  std::uint64_t memory = 0;  ///< bytes
  double cpus = 0;
};

/// Why the machine cannot hold that, with the arithmetic: "ed2 4 x 8.0 GiB + postgres 4.0 GiB
/// = 36.0 GiB of memory; the machine has 31.2 GiB". Nothing when it can. Pure.
std::optional<std::string> explain_shortage(std::span<const Claim> claims,
                                            const Capacity& capacity);

/// How many containers like those of `name` the machine holds beside what the others claim; a
/// million when nothing is said of their size. Pure.
int find_room(std::string_view name, std::span<const Claim> claims, const Capacity& capacity);

}  // namespace pecanctl::deployment
