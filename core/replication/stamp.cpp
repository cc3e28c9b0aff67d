// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/stamp.hpp"

#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "core/base/fd.hpp"

namespace pecanctl::replication {
namespace fs = std::filesystem;

namespace {

using nlohmann::json;

constexpr unsigned k_stamp_mode = 0600;

std::string text_in(const json& value, const char* name)
{
  const auto found = value.find(name);
  return found != value.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

Stamp read_stamp(const fs::path& path)
{
  const auto text = find_file(path).value_or(std::string{});
  const auto value = json::parse(text, nullptr, false);
  if (!value.is_object()) {
    return {};
  }
  const auto size = value.find("size");
  const auto missing = value.find("missing");
  return {
      .url = text_in(value, "url"),
      .etag = text_in(value, "etag"),
      .last_modified = text_in(value, "last_modified"),
      .size = size != value.end() && size->is_number_unsigned() ? size->get<std::uint64_t>() : 0,
      .sha256 = text_in(value, "sha256"),
      .dumped_at = text_in(value, "dumped_at"),
      .is_missing = missing != value.end() && *missing == true};
}

void write_stamp(const fs::path& path, const Stamp& stamp)
{
  json value{{"url", stamp.url},   {"etag", stamp.etag},     {"last_modified", stamp.last_modified},
             {"size", stamp.size}, {"sha256", stamp.sha256}, {"dumped_at", stamp.dumped_at}};
  if (stamp.is_missing) {
    value["missing"] = true;
  }
  write_file_atomically(path, value.dump(2, ' ', false, json::error_handler_t::replace) + "\n",
                        k_stamp_mode);
}

std::uint64_t size_of(const fs::path& path)
{
  struct stat status {};

  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

void remove_quietly(const fs::path& path) noexcept
{
  std::error_code ignored;
  fs::remove(path, ignored);
}

}  // namespace pecanctl::replication
