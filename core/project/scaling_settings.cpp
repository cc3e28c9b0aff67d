// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/scaling_settings.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/config/read.hpp"

namespace pecanctl::project {
namespace {

using config::Node;

constexpr double k_least_target = 0.01;
constexpr double k_most_target = 1'000'000;
constexpr std::chrono::hours k_longest_time{24};

// Bounds that contradict each other, and values that the table of keys cannot judge.
class ScalingReader {
 public:
  ScalingReader(const Node& scale, config::Diagnostics& diagnostics)
      : scale_{scale},
        diagnostics_{diagnostics}
  {
  }

  stack::Scaling read()
  {
    stack::Scaling wanted{.min = number("min", 0), .max = number("max", 1)};
    wanted.target = config::find_number(scale_, "target").value_or(wanted.target);
    wanted.activation = number("activation", wanted.activation);
    wanted.cooldown = duration("cooldown", wanted.cooldown);
    wanted.stabilisation = duration("stabilisation", wanted.stabilisation);
    wanted.min_lifetime = duration("min_lifetime", wanted.min_lifetime);
    if (config::find_integer(scale_, "fallback")) {
      wanted.fallback = number("fallback", 0);
    }
    for (const std::string_view key : {"min", "fallback"}) {
      if (number(key, 0) > wanted.max) {
        report(key, fmt::format("`{}` must not be more than `max`", key));
      }
    }
    if (!(wanted.target >= k_least_target && wanted.target <= k_most_target)) {
      report("target",
             fmt::format("`target` must be between {} and {}", k_least_target, k_most_target));
    }
    return wanted;
  }

 private:
  int number(std::string_view key, int standard) const
  {
    return static_cast<int>(config::find_integer(scale_, key).value_or(standard));
  }

  std::chrono::milliseconds duration(std::string_view key, std::chrono::milliseconds standard)
  {
    const auto found = config::find_duration(scale_, key).value_or(standard);
    if (found > k_longest_time) {
      report(key, fmt::format("`{}` must not be more than 24h", key));
    }
    return found;
  }

  void report(std::string_view key, std::string message)
  {
    const auto* node = scale_.find(key);
    diagnostics_.add(node != nullptr ? node->position : scale_.key_position, std::move(message),
                     {});
  }

  const Node& scale_;
  config::Diagnostics& diagnostics_;
};

}  // namespace

std::optional<stack::Scaling> read_scaling(const Node& model, config::Diagnostics& diagnostics)
{
  const auto* const scale = model.find("scale");
  if (scale == nullptr || scale->kind != config::NodeKind::map) {
    return std::nullopt;
  }
  // An empty one became a map of nothing but defaults.
  if (std::ranges::all_of(scale->children, &Node::is_default)) {
    diagnostics.add(scale->key_position, "`scale` needs `max`", "scale: { max: 8 }");
  }
  return ScalingReader{*scale, diagnostics}.read();
}

int read_replicas(const Node& model, const std::optional<stack::Scaling>& scaling)
{
  const auto* const node = model.find("replicas");
  const bool is_said = node != nullptr && !node->is_default;
  const int standard = scaling ? scaling->min : 1;
  return is_said ? static_cast<int>(config::find_integer(model, "replicas").value_or(standard))
                 : standard;
}

}  // namespace pecanctl::project
