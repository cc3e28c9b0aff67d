// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/docker/archive.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>

#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "tests/support/temp_dir.hpp"

using namespace pecanctl;
using namespace pecanctl::docker;
namespace fs = std::filesystem;

namespace {

std::string all_of(const http::BodySource& source)
{
  std::string text;
  for (auto piece = source(); !piece.empty(); piece = source()) {
    text += piece;
  }
  return text;
}

std::map<std::string, std::string> contents_of(const fs::path& folder)
{
  std::map<std::string, std::string> contents;
  for (const auto& file : read_tar(all_of(tar_folder(folder)), 1U << 20U)) {
    contents[file.path] = file.content;
  }
  return contents;
}

void write(const fs::path& path, std::string_view content, unsigned mode = 0644)
{
  fs::create_directories(path.parent_path());
  write_file_atomically(path, content, mode);
}

}  // namespace

TEST_CASE("docker::write_tar: read_tar gets the files back")
{
  const std::string long_name(180, 'n');
  const std::vector<ArchiveFile> files{{.path = "run/", .mode = 0755},
                                       {.path = "run/" + long_name + "/ä",
                                        .content = "x",
                                        .mode = 0600,
                                        .uid = 7,
                                        .gid = 8,
                                        .modified = 9},
                                       {.path = "big", .content = std::string(1000, 'b')}};
  const auto read = read_tar(write_tar(files), 999);
  REQUIRE(read.size() == 1);
  CHECK(read[0].path == files[1].path);
  CHECK(read[0].content == "x");
  CHECK(read[0].mode == 0600);
  CHECK(read[0].uid == 7);
  CHECK(read[0].gid == 8);
  CHECK(read[0].modified == 9);
}

TEST_CASE("docker::read_tar: a tar that is cut short or none at all is an error")
{
  const std::vector<ArchiveFile> files{{.path = "a", .content = std::string(5000, 'a')}};
  const auto tar = write_tar(files);
  CHECK_THROWS_AS(read_tar(std::string_view{tar}.substr(0, 2000), 10'000), Error);
  CHECK_THROWS_AS(read_tar(std::string(1024, 'x'), 10'000), Error);
}

TEST_CASE("docker::FolderDigests: equal folders are equal and every difference shows")
{
  const test::TempDir first;
  const test::TempDir second;
  for (const auto* const folder : {&first, &second}) {
    write(folder->path() / "Dockerfile", "FROM scratch\n");
    write(folder->path() / "src/a", "a");
    write(folder->path() / "src/b", std::string(200'000, 'b'));
  }
  fs::last_write_time(second.path() / "src/a",
                      fs::file_time_type::clock::now() - std::chrono::hours{48});
  const auto before = FolderDigests{}.of(first.path());
  CHECK(before.size() == 64);
  CHECK(before == FolderDigests{}.of(second.path()));
  CHECK(all_of(tar_folder(first.path())) == all_of(tar_folder(second.path())));
  SUBCASE("content")
  {
    write(second.path() / "src/a", "A");
  }
  SUBCASE("name")
  {
    fs::rename(second.path() / "src/a", second.path() / "src/c");
  }
  SUBCASE("mode")
  {
    fs::permissions(second.path() / "src/a", fs::perms{0755});
  }
  SUBCASE("an empty folder more")
  {
    fs::create_directory(second.path() / "empty");
  }
  SUBCASE("a link")
  {
    fs::create_symlink("a", second.path() / "src/z");
  }
  CHECK(before != FolderDigests{}.of(second.path()));
}

TEST_CASE("docker::FolderDigests: a file in two folders counts in both and so does its change")
{
  const test::TempDir first;
  const test::TempDir second;
  write(first.path() / "worker", "one");
  fs::create_hard_link(first.path() / "worker", second.path() / "worker");
  FolderDigests digests;
  const auto before = digests.of(first.path());
  CHECK(before == digests.of(second.path()));
  CHECK(before == FolderDigests{}.of(second.path()));
  std::ofstream{first.path() / "worker"} << "two";  // in place
  CHECK(before != digests.of(second.path()));
  CHECK(digests.of(first.path()) == digests.of(second.path()));
}

TEST_CASE("docker::tar_folder: a link that stays is kept and one that leaves is followed")
{
  const test::TempDir outside;
  const test::TempDir folder;
  write(outside.path() / "shared/data", "from outside");
  write(folder.path() / "own", "own");
  fs::create_symlink("own", folder.path() / "kept");
  fs::create_symlink("nowhere", folder.path() / "dangling");
  fs::create_symlink(outside.path() / "shared", folder.path() / "followed");
  const std::map<std::string, std::string> wanted{{"own", "own"},
                                                  {"followed/data", "from outside"}};
  CHECK(contents_of(folder.path()) == wanted);
}

TEST_CASE("docker::tar_folder: of a folder by strangers no link is followed")
{
  const test::TempDir outside;
  const test::TempDir folder;
  write(outside.path() / "secrets/postgres", "canary");
  fs::create_symlink(outside.path() / "secrets", folder.path() / "folder");
  fs::create_symlink(outside.path() / "secrets/postgres", folder.path() / "file");
  fs::create_symlink(outside.path() / "secrets/postgres", folder.path() / ".dockerignore");
  const auto tar = all_of(tar_folder(folder.path(), OuterLinks::kept));
  CHECK(read_tar(tar, 1U << 20U).empty());
  CHECK(tar.find("canary") == std::string::npos);
  CHECK(tar.find("secrets/postgres") != std::string::npos);
}

TEST_CASE("docker::tar_folder: what .dockerignore leaves out is not in it")
{
  const test::TempDir folder;
  write(folder.path() / ".dockerignore", "build\n*.log\n!build/keep\n");
  write(folder.path() / "Dockerfile", "FROM x");
  write(folder.path() / "a.log", "a");
  write(folder.path() / "build/big", "b");
  write(folder.path() / "build/keep", "k");
  const std::map<std::string, std::string> wanted{{".dockerignore", "build\n*.log\n!build/keep\n"},
                                                  {"Dockerfile", "FROM x"},
                                                  {"build/keep", "k"}};
  CHECK(contents_of(folder.path()) == wanted);
}

TEST_CASE("docker::tar_folder: links that lead back are refused")
{
  const test::TempDir outside;
  const test::TempDir folder;
  fs::create_symlink(outside.path(), folder.path() / "out");
  fs::create_symlink(folder.path(), outside.path() / "back");
  try {
    tar_folder(folder.path());
    FAIL("it came to an end");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid);
  }
}

TEST_CASE("docker::tar_folder: a folder that is not there is not found")
{
  const test::TempDir folder;
  try {
    tar_folder(folder.path() / "none");
    FAIL("it was packed");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::not_found);
  }
}

TEST_CASE("docker::TarReader: pieces that end anywhere give the same files")
{
  const std::vector<ArchiveFile> files{{.path = "a", .content = "A"},
                                       {.path = "large", .content = std::string(3'000'000, 'l')},
                                       {.path = "b", .content = "B"}};
  const auto tar = write_tar(files);
  for (const std::size_t size : {std::size_t{511}, std::size_t{100'000}, tar.size()}) {
    TarReader reader{10};
    for (std::size_t at = 0; at < tar.size(); at += size) {
      reader.push(std::string_view{tar}.substr(at, size));
    }
    const auto read = reader.finish();
    REQUIRE(read.size() == 2);
    CHECK(read[0].content == "A");
    CHECK(read[1].path == "b");
  }
}

TEST_CASE("docker::TarReader: what is no tar is an error and leaving early is none")
{
  TarReader nonsense{10};
  for (int i = 0; i < 100; ++i) {
    nonsense.push(std::string(100'000, 'x'));
  }
  CHECK_THROWS_AS(nonsense.finish(), Error);
  TarReader abandoned{10};
  abandoned.push("x");
}
