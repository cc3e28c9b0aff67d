// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/stack/git_context.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"

namespace pecanctl::stack {
namespace {

constexpr std::array<std::string_view, 6> k_git_beginnings{"http://", "https://", "git://",
                                                           "ssh://",  "file://",  "git@"};

[[noreturn]] void refuse_context(std::string why, std::string hint)
{
  throw Error{{.code = ErrorCode::invalid,
               .what = "cannot build from that repository",
               .why = std::move(why),
               .hint = std::move(hint)}};
}

bool is_whole_commit(std::string_view text)
{
  constexpr std::size_t k_sha1 = 40;
  constexpr std::size_t k_sha256 = 64;
  return (text.size() == k_sha1 || text.size() == k_sha256) &&
         std::ranges::all_of(text, [](unsigned char letter) {
           return std::isdigit(letter) != 0 || (letter >= 'a' && letter <= 'f');
         });
}

// Below the top, whatever the dots say.
std::string read_folder(std::string_view text)
{
  auto folder = std::filesystem::path{text}.lexically_normal().string();
  while (folder.ends_with('/')) {
    folder.pop_back();
  }
  if (folder.starts_with('/') || folder == ".." || folder.starts_with("../")) {
    refuse_context(fmt::format("{} is not in it", escape_control(text)),
                   "name a folder below its top: URL#COMMIT:FOLDER");
  }
  return folder == "." ? std::string{} : folder;
}

}  // namespace

std::string GitContext::digest() const
{
  return sha256_hex(fmt::format("git {}:{}", commit, folder));
}

bool is_git_context(std::string_view text)
{
  return std::ranges::any_of(k_git_beginnings,
                             [&](std::string_view begin) { return text.starts_with(begin); });
}

GitContext parse_git_context(std::string_view text)
{
  const auto hash = text.find('#');
  GitContext context{.url = std::string{text.substr(0, hash)}};
  if (std::ranges::any_of(text, [](unsigned char letter) { return letter <= ' '; })) {
    refuse_context("its URL has blanks or control characters", "write %20 for a blank");
  }
  if (redact_url(context.url) != context.url) {
    refuse_context("a password must not stand in pecan.yml",
                   "take it out, and let git know it: git credential, or a deploy key");
  }
  const auto reference = hash == std::string_view::npos ? "" : text.substr(hash + 1);
  const auto colon = reference.find(':');
  context.commit = reference.substr(0, colon);
  if (!is_whole_commit(context.commit)) {
    refuse_context(context.commit.empty() ? std::string{"it names no commit"}
                                          : fmt::format("{} is no whole commit, and may move",
                                                        escape_control(context.commit)),
                   fmt::format("write URL#COMMIT; see it with: git ls-remote {}", context.url));
  }
  context.folder = colon == std::string_view::npos ? "" : read_folder(reference.substr(colon + 1));
  return context;
}

}  // namespace pecanctl::stack
