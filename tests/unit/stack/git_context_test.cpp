// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/stack/git_context.hpp"

#include <doctest/doctest.h>

#include "core/base/error.hpp"

using namespace pecanctl;

namespace {

const std::string k_commit(40, 'a');

std::string why_no_context(const std::string& text)
{
  try {
    stack::parse_git_context(text);
  } catch (const Error& error) {
    return error.info().why;
  }
  return {};
}

}  // namespace

TEST_CASE("stack::parse_git_context: as Docker writes it")
{
  const auto context =
      stack::parse_git_context("https://host/me/model.git#" + k_commit + ":docker/x/");
  CHECK(context.url == "https://host/me/model.git");
  CHECK(context.commit == k_commit);
  CHECK(context.folder == "docker/x");
  CHECK(stack::parse_git_context("git@host:me/model.git#" + k_commit).folder.empty());
  CHECK(stack::parse_git_context("file:///srv/x#" + std::string(64, '0') + ":./").folder.empty());
}

TEST_CASE("stack::parse_git_context: only what does not move, inside the repository, no password")
{
  for (const auto* const reference : {"", "#", "#main", "#v1.0", "#abc1234", "#:folder"}) {
    CAPTURE(reference);
    CHECK(why_no_context(std::string{"https://host/x.git"} + reference).find("commit") !=
          std::string::npos);
  }
  CHECK(why_no_context("https://ann:canary@host/x.git#" + k_commit) ==
        "a password must not stand in pecan.yml");
  for (const auto* const folder : {"../x", "a/../../x", "/etc"}) {
    CAPTURE(folder);
    CHECK(why_no_context("https://host/x.git#" + k_commit + ":" + folder).find("not in it") !=
          std::string::npos);
  }
  CHECK(why_no_context("https://host/x y.git#" + k_commit).find("blanks") != std::string::npos);
}

TEST_CASE("stack::is_git_context: folders are none")
{
  for (const auto* const folder : {"./model", "model.git", "/srv/model", "../git@x"}) {
    CHECK_FALSE(stack::is_git_context(folder));
  }
  CHECK(stack::is_git_context("ssh://git@host/x"));
}

TEST_CASE("stack::GitContext::digest: of the commit and the folder, not of the server")
{
  const auto digest = [](const std::string& text) {
    return stack::parse_git_context(text).digest();
  };
  CHECK(digest("https://a/x#" + k_commit) == digest("git://b/x#" + k_commit));
  CHECK(digest("https://a/x#" + k_commit) != digest("https://a/x#" + k_commit + ":y"));
  CHECK(digest("https://a/x#" + k_commit) != digest("https://a/x#" + std::string(40, 'b')));
}
