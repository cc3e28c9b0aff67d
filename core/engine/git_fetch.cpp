// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/git_fetch.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "core/base/child.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::engine {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_words_kept = 4096;

struct GitResult {
  int exit_code = 0;
  std::string words = {};  // the last of what it said
};

// It asks nobody, and gives up on a server that says nothing.
GitResult run_git(const fs::path& folder, const std::vector<std::string>& arguments,
                  const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<std::string> command{"env",
                                   "GIT_TERMINAL_PROMPT=0",
                                   "GIT_ASKPASS=true",
                                   "GIT_SSH_COMMAND=ssh -oBatchMode=yes",
                                   "LC_ALL=C",
                                   "git",
                                   "-C",
                                   folder.string(),
                                   "-c",
                                   "core.hooksPath=/dev/null",
                                   "-c",
                                   "core.autocrlf=false",
                                   "-c",
                                   "http.lowSpeedLimit=1",
                                   "-c",
                                   "http.lowSpeedTime=30",
                                   "-c",
                                   "gc.auto=0"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  Child git{command, ChildErrors::merged};
  GitResult result;
  for (auto piece = git.read(deadline, stop); !piece.empty(); piece = git.read(deadline, stop)) {
    result.words += piece;
    if (result.words.size() > k_words_kept) {
      result.words.erase(0, result.words.size() - k_words_kept);
    }
  }
  result.exit_code = git.wait();
  constexpr int k_env_found_nothing = 127;
  if (result.exit_code == k_env_found_nothing) {
    throw Error{{.code = ErrorCode::not_found,
                 .what = "cannot run git",
                 .why = "it is not installed",
                 .hint = "apt-get install git; or build from a folder"}};
  }
  return result;
}

[[noreturn]] void fail(const stack::GitContext& context, ErrorCode code, std::string why,
                       std::string hint)
{
  throw Error{{.code = code,
               .what = fmt::format("cannot fetch {} of {}", context.commit, context.url),
               .why = std::move(why),
               .hint = std::move(hint)}};
}

void fetch(const fs::path& root, const stack::GitContext& context, const Deadline& deadline,
           const std::stop_token& stop)
{
  const auto git = [&](const std::vector<std::string>& arguments) {
    return run_git(root, arguments, deadline, stop);
  };
  const auto require = [&](const std::vector<std::string>& arguments, ErrorCode code,
                           const std::string& hint) {
    if (const auto result = git(arguments); result.exit_code != 0) {
      fail(context, code, escape_control(trim(result.words)), hint);
    }
  };
  require({"init", "-q"}, ErrorCode::failed, {});
  // One commit alone, where the server gives that; else all that its branches and tags have.
  if (git({"fetch", "-q", "--depth=1", "--no-tags", "--", context.url, context.commit}).exit_code !=
      0) {
    require({"fetch", "-q", "--no-tags", "--", context.url, "+refs/heads/*:refs/pecanctl/heads/*",
             "+refs/tags/*:refs/pecanctl/tags/*"},
            ErrorCode::failed,
            fmt::format("see that this works here: git ls-remote {}", context.url));
  }
  require({"checkout", "-q", "--detach", context.commit, "--"}, ErrorCode::not_found,
          "name a commit that a branch or a tag of the repository has");
  fs::remove_all(root / ".git");
}

}  // namespace

GitCheckout::TempFolder::TempFolder()
{
  auto name = (fs::temp_directory_path() / "pecanctl-git.XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw system_error("cannot make a temporary folder", errno);
  }
  path_ = fs::canonical(name);
}

GitCheckout::TempFolder::~TempFolder()
{
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

GitCheckout::GitCheckout(const stack::GitContext& context, const Deadline& deadline,
                         const std::stop_token& stop)
{
  fetch(root_.path(), context, deadline, stop);
  folder_ = context.folder.empty() ? root_.path() : root_.path() / context.folder;
  std::error_code ignored;
  const auto real = fs::weakly_canonical(folder_, ignored);
  const auto relative = real.lexically_relative(root_.path());
  if (!fs::is_directory(real, ignored) || (!relative.empty() && *relative.begin() == "..")) {
    fail(context, ErrorCode::not_found, fmt::format("it has no folder {}", context.folder),
         "correct the part after the last colon");
  }
}

}  // namespace pecanctl::engine
