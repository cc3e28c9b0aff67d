// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/git_fetch.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/base/child.hpp"
#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "tests/support/temp_dir.hpp"

using namespace pecanctl;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// A repository of one file below a folder, and its commits.
class Repository {
 public:
  Repository()
  {
    git({"init", "-q", "-b", "main"});
    fs::create_directories(folder_.path() / "model");
  }

  std::string commit(const std::string& text)
  {
    write_file_atomically(folder_.path() / "model" / "Dockerfile", text, 0644);
    git({"add", "."});
    git({"-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "commit", "-qm",
         text});
    return git({"rev-parse", "HEAD"});
  }

  std::string url() const { return "file://" + folder_.path().string(); }

 private:
  std::string git(std::vector<std::string> arguments)
  {
    arguments.insert(arguments.begin(), {"git", "-C", folder_.path().string()});
    Child child{arguments, ChildErrors::merged};
    std::string text;
    for (auto piece = child.read(); !piece.empty(); piece = child.read()) {
      text += piece;
    }
    INFO(text);
    REQUIRE(child.wait() == 0);
    return std::string{trim(text)};
  }

  test::TempDir folder_;
};

std::string fetched(const stack::GitContext& context)
{
  const engine::GitCheckout checkout{context, Deadline::in(30s), {}};
  CHECK_FALSE(fs::exists(checkout.folder() / ".git"));
  return read_file(checkout.folder() / "Dockerfile");
}

}  // namespace

TEST_CASE("engine::GitCheckout: has the files of that commit, older ones too, and goes again")
{
  Repository repository;
  const auto first = repository.commit("FROM one");
  const auto second = repository.commit("FROM two");
  const stack::GitContext context{.url = repository.url(), .commit = first, .folder = "model"};
  CHECK(fetched(context) == "FROM one");
  CHECK(fetched({.url = repository.url(), .commit = second, .folder = "model"}) == "FROM two");
  fs::path folder;
  {
    const engine::GitCheckout checkout{context, Deadline::in(30s), {}};
    folder = checkout.folder();
    CHECK(fs::exists(folder));
  }
  CHECK_FALSE(fs::exists(folder.parent_path()));
}

TEST_CASE("engine::GitCheckout: what is not there is told with git's words")
{
  Repository repository;
  const auto commit = repository.commit("FROM one");
  const auto code = [](const stack::GitContext& context) {
    try {
      const engine::GitCheckout checkout{context, Deadline::in(30s), {}};
    } catch (const Error& error) {
      CHECK_FALSE(error.info().why.empty());
      CHECK_FALSE(error.info().hint.empty());
      return error.code();
    }
    return ErrorCode::internal;
  };
  CHECK(code({.url = repository.url(), .commit = std::string(40, '0')}) == ErrorCode::not_found);
  CHECK(code({.url = "file:///nonexistent", .commit = commit}) == ErrorCode::failed);
  CHECK(code({.url = repository.url(), .commit = commit, .folder = "none"}) ==
        ErrorCode::not_found);
}

TEST_CASE("engine::GitCheckout: a stop ends it")
{
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(
      (engine::GitCheckout{
          {.url = "file:///nonexistent", .commit = "x"}, Deadline::in(30s), stop.get_token()}),
      Cancelled);
}
