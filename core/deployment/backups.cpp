// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/backups.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace pecanctl::deployment {
namespace {

constexpr std::string_view k_backup_ending = ".dump";

// "2026-11-20T05-50-01Z", digits and nothing else between the marks.
bool is_backup_time(std::string_view text)
{
  constexpr std::string_view k_shape = "dddd-dd-ddTdd-dd-ddZ";
  return std::ranges::equal(text, k_shape, [](unsigned char letter, char shape) {
    return shape == 'd' ? std::isdigit(letter) != 0 : letter == static_cast<unsigned char>(shape);
  });
}

bool is_backup_of(std::string_view instance, std::string_view name)
{
  if (!name.starts_with(instance) || !name.ends_with(k_backup_ending) ||
      name.size() <= instance.size() + 1 + k_backup_ending.size()) {
    return false;
  }
  name.remove_prefix(instance.size());
  name.remove_suffix(k_backup_ending.size());
  return name.front() == '-' && is_backup_time(name.substr(1));
}

}  // namespace

std::string backup_name(std::string_view instance, std::string time)
{
  std::ranges::replace(time, ':', '-');
  return fmt::format("{}-{}{}", instance, time, k_backup_ending);
}

std::vector<std::string> list_old_backups(std::string_view instance,
                                          const std::vector<std::string>& names, std::size_t kept)
{
  std::vector<std::string> own;
  std::ranges::copy_if(names, std::back_inserter(own),
                       [&](const std::string& name) { return is_backup_of(instance, name); });
  std::ranges::sort(own, std::greater{});  // the time is in the name
  own.erase(own.begin(), own.begin() + static_cast<std::ptrdiff_t>(std::min(kept, own.size())));
  return own;
}

}  // namespace pecanctl::deployment
