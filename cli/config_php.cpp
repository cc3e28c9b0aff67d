// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/config_php.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/fd.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

constexpr unsigned k_file_mode = 0644;  // no secret is in it

// As the stack has it; empty without a web page.
std::string wanted_config_php(Context& context)
{
  const auto* web = context.stack().find_service("web");
  if (web == nullptr) {
    return {};
  }
  const auto file = std::ranges::find(web->files, "config.php", &stack::ConfigFile::name);
  return file == web->files.end() ? std::string{} : file->content.reveal();
}

// What lies between the lines that both begin and both end with.
std::vector<std::string> differing_lines(const std::string& before, const std::string& after)
{
  auto old_lines = split(before, '\n');
  auto new_lines = split(after, '\n');
  const auto [old_begin, new_begin] = std::ranges::mismatch(old_lines, new_lines);
  old_lines.erase(old_lines.begin(), old_begin);
  new_lines.erase(new_lines.begin(), new_begin);
  while (!old_lines.empty() && !new_lines.empty() && old_lines.back() == new_lines.back()) {
    old_lines.pop_back();
    new_lines.pop_back();
  }
  std::vector<std::string> lines;
  lines.reserve(old_lines.size() + new_lines.size());
  for (const auto& line : old_lines) {
    lines.push_back("- " + line);
  }
  for (const auto& line : new_lines) {
    lines.push_back("+ " + line);
  }
  return lines;
}

}  // namespace

FileChange plan_config_php(Context& context)
{
  const auto wanted = wanted_config_php(context);
  if (wanted.empty()) {
    return {};
  }
  const auto present = find_file(context.config_php_path());
  FileChange change{.path = context.config_php_path().string(),
                    .service = "web",
                    .reason = present ? "changed" : "new"};
  if (!present) {
    change.lines = {fmt::format("+ {} lines", std::ranges::count(wanted, '\n'))};
  } else if (*present != wanted) {
    change.lines = differing_lines(*present, wanted);
  }
  return change;
}

bool write_config_php(Context& context)
{
  const auto wanted = wanted_config_php(context);
  const auto path = context.config_php_path();
  if (wanted.empty() || find_file(path) == wanted) {
    return false;
  }
  const Step step{context.reporter(), {.id = "config.php", .group = "web", .action = "write"}};
  write_file_atomically(path, wanted, k_file_mode);
  failpoint("deploy.config_php");
  return true;
}

}  // namespace pecanctl::cli
