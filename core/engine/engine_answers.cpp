// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/engine_answers.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace pecanctl::engine {
namespace {

constexpr std::size_t k_files_at_once = 500;
constexpr std::uint32_t k_permissions = 0777;

template <typename Number>
Number to_number(std::string_view text, int base)
{
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number, base);
  return number;
}

}  // namespace

std::string to_container_path(std::string_view path)
{
  return path.empty() ? std::string{"/data"} : fmt::format("/data/{}", path);
}

void add_stat_lines(const std::string& output, std::map<std::string, PathInfo>& infos)
{
  constexpr std::uint32_t k_type = 0170000;
  constexpr std::uint32_t k_folder = 0040000;
  constexpr std::uint32_t k_regular = 0100000;
  for (const auto& line : split(output, '\n')) {
    const auto fields = split(line, ' ');
    const auto name = line.find(" /data/");
    if (fields.size() < 4 || name == std::string::npos) {
      continue;
    }
    const auto type = to_number<std::uint32_t>(fields[0], 16) & k_type;
    infos.emplace(
        line.substr(name + 7),
        PathInfo{.kind = type == k_regular  ? PathKind::file
                         : type == k_folder ? PathKind::folder
                                            : PathKind::other,
                 .stamp = {.modified = to_number<std::int64_t>(fields[2], 10) * 1'000'000'000,
                           .size = to_number<std::uint64_t>(fields[1], 10)},
                 .mode = to_number<std::uint32_t>(fields[0], 16) & k_permissions});
  }
}

std::vector<std::optional<FileDigest>> digest_by_program(
    std::span<const std::string> paths, const std::vector<std::optional<PathInfo>>& infos,
    const RunProgram& run)
{
  constexpr std::size_t k_digits = 64;  // "<64 digits>  /data/…"
  std::vector<std::optional<FileDigest>> found(paths.size());
  for (std::size_t first = 0; first < paths.size(); first += k_files_at_once) {
    std::map<std::string, std::size_t> index;
    std::vector<std::string> command{"sha256sum", "--"};
    for (auto i = first; i < std::min(first + k_files_at_once, paths.size()); ++i) {
      if (infos[i] && infos[i]->kind == PathKind::file) {
        command.push_back(to_container_path(paths[i]));
        index.emplace(command.back(), i);
      }
    }
    for (const auto& line :
         index.empty() ? std::vector<std::string>{} : split(run(command), '\n')) {
      const auto known =
          line.size() > k_digits + 2 ? index.find(line.substr(k_digits + 2)) : index.end();
      if (known != index.end()) {
        found[known->second] = FileDigest{.size = infos[known->second]->stamp.size,
                                          .sha256 = line.substr(0, k_digits)};
      }
    }
  }
  return found;
}

}  // namespace pecanctl::engine
