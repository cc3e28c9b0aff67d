// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/update.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::deployment {
namespace {

constexpr std::size_t k_fewest_numbers = 2;
constexpr std::size_t k_most_numbers = 4;

// Repository → the services that need it.
using Repositories = std::map<std::string, std::vector<const stack::Service*>>;

// Only what moves with the release: BETY and the core have versions of their own.
Repositories list_repositories(const stack::Stack& stack)
{
  Repositories repositories;
  const auto tag = ":" + stack.release;
  for (const auto& service : stack.services) {
    const auto& reference = service.image.reference;
    if (reference.ends_with(tag) && service.image.own_reference.empty()) {
      repositories[reference.substr(0, reference.size() - tag.size())].push_back(&service);
    }
  }
  return repositories;
}

bool is_needed(const std::vector<const stack::Service*>& services)
{
  return std::ranges::any_of(services, [](const auto* service) { return !service->is_optional; });
}

// Newer than `current`, the newest first.
std::vector<Release> list_newer(const std::map<std::string, std::set<std::string>>& tags,
                                const Release& current)
{
  std::vector<Release> newer;
  for (const auto& [repository, each] : tags) {
    for (const auto& tag : each) {
      auto release = parse_release(tag);
      if (release && *release > current && std::ranges::find(newer, *release) == newer.end()) {
        newer.push_back(std::move(*release));
      }
    }
  }
  std::ranges::sort(newer, std::greater{});
  return newer;
}

}  // namespace

std::strong_ordering Release::operator<=>(const Release& other) const
{
  for (std::size_t i = 0; i < std::max(numbers.size(), other.numbers.size()); ++i) {
    const auto mine = i < numbers.size() ? numbers[i] : 0;
    const auto theirs = i < other.numbers.size() ? other.numbers[i] : 0;
    if (mine != theirs) {
      return mine <=> theirs;
    }
  }
  return std::strong_ordering::equal;
}

std::optional<Release> parse_release(std::string_view tag)
{
  Release release{.tag = std::string{tag}};
  tag.remove_prefix(tag.starts_with('v') ? 1 : 0);
  for (const auto& part : split(tag, '.')) {
    std::uint64_t number = 0;
    const auto* const end = part.data() + part.size();
    const auto [stop, error] = std::from_chars(part.data(), end, number);
    if (part.empty() || error != std::errc{} || stop != end) {
      return std::nullopt;
    }
    release.numbers.push_back(number);
  }
  const bool has_some =
      release.numbers.size() >= k_fewest_numbers && release.numbers.size() <= k_most_numbers;
  return has_some ? std::optional{std::move(release)} : std::nullopt;
}

Update find_update(const stack::Stack& stack, const ListTags& list_tags)
{
  Update update{.current = stack.release};
  const auto current = parse_release(stack.release);
  if (!current) {
    throw Error{{.code = ErrorCode::invalid,
                 .what = fmt::format("cannot tell what is newer than PEcAn {}", stack.release),
                 .why = "that is no release such as 1.8.0: its images change under the same tag",
                 .hint = "write a release (`pecan: 1.8.0`) in pecan.yml"}};
  }
  const auto repositories = list_repositories(stack);
  std::map<std::string, std::set<std::string>> tags;
  for (const auto& [repository, services] : repositories) {
    const auto listed = list_tags(repository);
    tags.emplace(repository, std::set<std::string>{listed.begin(), listed.end()});
  }
  for (const auto& release : list_newer(tags, *current)) {
    std::vector<std::string> lacking;
    std::vector<std::string> missing;
    for (const auto& [repository, services] : repositories) {
      if (tags.at(repository).contains(release.tag)) {
        continue;
      }
      if (is_needed(services)) {
        lacking.push_back(repository);
      }
      for (const auto* service : services) {
        missing.push_back(service->name);
      }
    }
    if (lacking.empty()) {
      update.newest = release.tag;
      update.missing = std::move(missing);
      break;
    }
    update.incomplete.push_back(fmt::format("{}: {}", release.tag, fmt::join(lacking, ", ")));
  }
  return update;
}

}  // namespace pecanctl::deployment
