// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/init.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/project/fixture.hpp"

using namespace pecanctl;
namespace fs = std::filesystem;

namespace {

unsigned mode_of(const fs::path& path)
{
  return static_cast<unsigned>(fs::status(path).permissions());
}

std::string text_of(const std::vector<project::PlannedFile>& files, const fs::path& path)
{
  const auto found = std::ranges::find(files, path, &project::PlannedFile::path);
  REQUIRE(found != files.end());
  return found->content.reveal();
}

project::InitResult init(const fs::path& folder)
{
  return project::apply_init(
      project::plan_init({.folder = folder, .name = "demo"}, test::catalogue()), folder);
}

}  // namespace

TEST_CASE("name_from: makes a name of any text")
{
  CHECK(project::name_from("demo") == "demo");
  CHECK(project::name_from("My Site!") == "my-site");
  CHECK(project::name_from("2026_run") == "run");
  CHECK(project::name_from("...") == "pecan");
  CHECK(project::name_from("pecanctl") == "pecan");
  CHECK(project::name_from(std::string(31, 'a') + "-b") == std::string(31, 'a'));
}

TEST_CASE("plan_init: writes a pecan.yml that we can read, with the options in it")
{
  const auto files = project::plan_init(
      {.folder = "/srv/my-site", .models = {"dalec", "sipnet"}, .data = "./da $x \"y\""},
      test::catalogue());
  const auto text = text_of(files, "pecan.yml");
  const auto lines = std::ranges::count(text, '\n');
  CHECK(lines >= 12);
  CHECK(lines <= 30);
  const auto file = project::parse_instance_file(text, "/srv/my-site/pecan.yml", test::no_variables,
                                                 test::catalogue());
  CHECK(file.name == "my-site");
  CHECK(file.profile == "core");
  CHECK(file.data == "/srv/my-site/da $x \"y\"");
  REQUIRE(file.models.size() == 2);
  CHECK(file.models[0].key == "dalec");
  CHECK(file.models[1].model.version == "git");
}

TEST_CASE("plan_init: no secret is in pecan.yml and no two plans share one")
{
  const auto files = project::plan_init({.folder = "/srv/demo"}, test::catalogue());
  const auto again = project::plan_init({.folder = "/srv/demo"}, test::catalogue());
  const auto text = text_of(files, "pecan.yml");
  CHECK(text == text_of(again, "pecan.yml"));
  for (const auto& file : files) {
    if (file.path.parent_path() == "secrets") {
      CHECK(file.mode == 0600);
      const auto secret = file.content.reveal();
      CHECK(secret.size() >= 37);
      CHECK(text.find(secret.substr(0, secret.size() - 1)) == std::string::npos);
      CHECK(secret != text_of(again, file.path));
    }
  }
}

TEST_CASE("plan_init: bad options are refused before anything is written")
{
  const auto refusal = [](const project::InitOptions& options) -> std::string {
    try {
      project::plan_init(options, test::catalogue());
    } catch (const Error& error) {
      return error.info().why + " | " + error.info().hint;
    }
    return "none";
  };
  CHECK(refusal({.folder = "/x", .name = "Demo"}).starts_with("`Demo` is no instance name | "));
  CHECK(refusal({.folder = "/x", .profile = "ful"}) ==
        "unknown profile `ful` | use the profile core or full");
  CHECK(refusal({.folder = "/x", .models = {"dalecc"}}) ==
        "unknown model `dalecc` | did you mean `dalec`?");
  CHECK(refusal({.folder = "/x", .data = "/"}) == "1 mistake | ");
  CHECK(refusal({.folder = "/x", .data = "a\nmodels: {}"})
            .starts_with("the data folder has control"));
}

TEST_CASE("plan_init: the profile full has secrets of its own")
{
  const auto files =
      project::plan_init({.folder = "/srv/demo", .profile = "full"}, test::catalogue());
  CHECK(files.size() == 9);
  for (const auto* const name : {"bety_key", "admin", "rstudio"}) {
    CHECK(text_of(files, std::filesystem::path{"secrets"} / name).size() >= 37);
  }
}

TEST_CASE("apply_init: the modes are right whatever the umask")
{
  const test::TempDir folder;
  const auto old = ::umask(0);
  const auto result = init(folder.path() / "new");
  ::umask(old);
  CHECK(result.created.size() == 6);
  CHECK(result.kept.empty());
  const auto root = folder.path() / "new";
  CHECK(mode_of(root) == 0755);
  CHECK(mode_of(root / "secrets") == 0700);
  for (const auto* name : {"instance", "postgres", "rabbitmq", "bety"}) {
    CHECK(mode_of(root / "secrets" / name) == 0600);
  }
  CHECK(mode_of(root / "pecan.yml") == 0644);
  CHECK(read_file(root / ".gitignore") == "/secrets/\n");
}

TEST_CASE("apply_init: a second time keeps everything, byte for byte")
{
  const test::TempDir folder;
  init(folder.path());
  std::vector<std::string> before;
  for (const auto* name :
       {"pecan.yml", "secrets/instance", "secrets/postgres", "secrets/rabbitmq", "secrets/bety"}) {
    before.push_back(read_file(folder.path() / name));
  }
  const auto second = init(folder.path());
  CHECK(second.created.empty());
  CHECK(second.kept.size() == 6);
  std::size_t index = 0;
  for (const auto* name :
       {"pecan.yml", "secrets/instance", "secrets/postgres", "secrets/rabbitmq", "secrets/bety"}) {
    CHECK(read_file(folder.path() / name) == before[index++]);
  }
}

TEST_CASE("apply_init: goes on where it was interrupted")
{
  const test::TempDir folder;
  init(folder.path());
  const auto identity = read_file(folder.path() / "secrets" / "instance");
  fs::remove(folder.path() / "pecan.yml");
  const auto second = init(folder.path());
  CHECK(second.created == std::vector<fs::path>{"pecan.yml"});
  CHECK(read_file(folder.path() / "secrets" / "instance") == identity);
}

TEST_CASE("apply_init: what it writes can be loaded")
{
  const test::TempDir folder;
  init(folder.path());
  const auto file = project::load_instance_file(folder.path() / "pecan.yml", test::no_variables,
                                                test::catalogue());
  CHECK(project::load_secrets(file, test::no_variables).owner.size() == 36);
}

TEST_CASE("apply_init: links and folders open to others are refused")
{
  const test::TempDir folder;
  fs::create_directory(folder.path() / "real");
  fs::create_directory_symlink(folder.path() / "real", folder.path() / "link");
  CHECK_THROWS_WITH_AS(init(folder.path() / "link"), doctest::Contains("it is a symbolic link"),
                       Error);
  CHECK(fs::is_empty(folder.path() / "real"));

  const auto open = folder.path() / "open";
  fs::create_directories(open / "secrets");
  fs::permissions(open / "secrets", fs::perms::all);
  CHECK_THROWS_WITH_AS(init(open), doctest::Contains("others may write to it (mode 0777)"), Error);
  CHECK_FALSE(fs::exists(open / "pecan.yml"));

  const auto linked = folder.path() / "linked";
  fs::create_directory(linked);
  fs::create_directory_symlink(folder.path() / "real", linked / "secrets");
  CHECK_THROWS_AS(init(linked), Error);
  CHECK(fs::is_empty(folder.path() / "real"));
}
