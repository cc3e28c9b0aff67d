// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/fd.hpp"

#include <sys/stat.h>

#include <doctest/doctest.h>

#include <filesystem>

#include "core/base/error.hpp"
#include "tests/support/temp_dir.hpp"

using namespace pecanctl;
namespace fs = std::filesystem;

TEST_CASE("write_file_atomically: replaces, keeps the mode asked for, leaves nothing beside it")
{
  const test::TempDir folder;
  const auto path = folder.path() / "secret";
  const auto mask = ::umask(0);
  write_file_atomically(path, "one", 0600);
  write_file_atomically(path, "two", 0600);
  ::umask(mask);
  CHECK(read_file(path) == "two");
  CHECK(fs::status(path).permissions() == fs::perms{0600});
  CHECK(std::distance(fs::directory_iterator{folder.path()}, {}) == 1);
}

TEST_CASE("create_file_atomically: keeps what is there")
{
  const test::TempDir folder;
  const auto path = folder.path() / "file";
  CHECK(create_file_atomically(path, "one", 0644));
  CHECK_FALSE(create_file_atomically(path, "two", 0644));
  CHECK(read_file(path) == "one");
}

TEST_CASE("find_file: absence is not an error, too large is")
{
  const test::TempDir folder;
  CHECK_FALSE(find_file(folder.path() / "none").has_value());
  write_file_atomically(folder.path() / "big", "12345", 0644);
  CHECK_THROWS_AS(find_file(folder.path() / "big", 4), Error);
}
