// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/stack/stack.hpp"

namespace pecanctl::deployment {

/// A release as a tag names it: "1.8.0". Compared number by number.
struct Release {
  std::string tag = {};
  std::vector<std::uint64_t> numbers = {};

  std::strong_ordering operator<=>(const Release& other) const;

  bool operator==(const Release& other) const { return (*this <=> other) == 0; }
};

/// Two to four numbers with dots between, a `v` before them at most. Nothing else: "1.9.0-rc1",
/// "latest" and "develop" are no releases.
std::optional<Release> parse_release(std::string_view tag);

/// The newest release that a stack can go to.
struct Update {
  std::string current = {};
  std::string newest = {};  ///< empty: nothing newer
  /// Newer ones that are passed over, and the images that lack them: "1.9.0: pecan/api".
  std::vector<std::string> incomplete = {};
  /// Optional services whose image does not have the newest: they would be left out.
  std::vector<std::string> missing = {};
};

/// The tags of a repository ("pecan/web").
using ListTags = std::function<std::vector<std::string>(const std::string& repository)>;

/// Looks for the newest release that every image with the release of `stack` in its tag has. Images
/// of optional services need not have it.
/// @throws Error invalid: what runs is no release, so nothing is newer; what `list_tags` throws
Update find_update(const stack::Stack& stack, const ListTags& list_tags);

}  // namespace pecanctl::deployment
