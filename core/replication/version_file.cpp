// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/version_file.hpp"

#include <charconv>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/exchange/manifest.hpp"

namespace pecanctl::replication {

std::optional<VersionFile> parse_version_file(std::string_view text)
{
  const auto fields = split(trim(text), '\t');
  constexpr std::size_t k_fields = 4;
  constexpr std::size_t k_md5 = 32;
  if (fields.size() != k_fields || fields[1].size() != k_md5 ||
      fields[1].find_first_not_of("0123456789abcdef") != std::string::npos) {
    return std::nullopt;
  }
  VersionFile version{.schema = {.md5 = fields[1], .latest = fields[2]}, .dumped_at = fields[3]};
  const auto& count = fields[0];
  const auto* const end = count.data() + count.size();
  const auto [stop, error] = std::from_chars(count.data(), end, version.schema.migrations);
  if (error != std::errc{} || stop != end ||
      version.schema.latest.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return version;
}

std::string compare_schemas(const SchemaVersion& ours, const SchemaVersion& theirs)
{
  const bool is_older = ours.latest.size() == theirs.latest.size()
                            ? ours.latest < theirs.latest
                            : ours.latest.size() < theirs.latest.size();
  const auto* const verdict = ours.latest == theirs.latest
                                  ? "the schemas differ"
                                  : (is_older ? "this database is older" : "the dump is older");
  return fmt::format("{}: {} migrations up to {} here, {} up to {} there", verdict, ours.migrations,
                     ours.latest.empty() ? "none" : ours.latest, theirs.migrations,
                     theirs.latest.empty() ? "none" : theirs.latest);
}

std::string sibling_url_of(const std::string& url, std::string_view name)
{
  const auto at = url.rfind(exchange::k_tarball_name);
  return at == std::string::npos ? std::string{}
                                 : url.substr(0, at) + std::string{name} +
                                       url.substr(at + exchange::k_tarball_name.size());
}

}  // namespace pecanctl::replication
