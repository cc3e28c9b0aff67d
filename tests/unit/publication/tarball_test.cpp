// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/publication/tarball.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>

#include "core/base/error.hpp"
#include "core/publication/gzip.hpp"
#include "core/publication/packer.hpp"
#include "tests/support/temp_dir.hpp"

namespace pecanctl::publication {
namespace {

// What libarchive finds in it: name -> content.
std::map<std::string, std::string> unpacked(const std::filesystem::path& path)
{
  const std::unique_ptr<archive, decltype(&archive_read_free)> reader{archive_read_new(),
                                                                      &archive_read_free};
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_tar(reader.get());
  REQUIRE(archive_read_open_filename(reader.get(), path.c_str(), 10'240) == ARCHIVE_OK);
  std::map<std::string, std::string> files;
  archive_entry* entry = nullptr;
  int status = ARCHIVE_OK;
  while ((status = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK) {
    std::string content(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
    CHECK(archive_read_data(reader.get(), content.data(), content.size()) ==
          static_cast<la_ssize_t>(content.size()));
    files[archive_entry_pathname(entry)] = content;
  }
  CHECK(status == ARCHIVE_EOF);
  return files;
}

Tarball::Sum write_example(const std::filesystem::path& path)
{
  Compressor compressor{6};
  Tarball tarball{path, 1'000'000'000};
  tarball.begin("empty.csv");
  tarball.begin("two.csv");
  tarball.add(compressor.compress("1\ta\n"), 4);
  tarball.add(compressor.compress(std::string(100'000, 'b')), 100'000);
  tarball.begin("block.csv");
  tarball.add(compressor.compress(std::string(512, 'c')), 512);
  return tarball.finish();
}

}  // namespace

TEST_CASE("publication::Tarball: others read the files that were put in")
{
  const test::TempDir folder;
  const auto path = folder.path() / "a.tar.gz";
  const auto sum = write_example(path);
  const auto files = unpacked(path);
  CHECK(files.size() == 4);
  CHECK(files.at("./").empty());
  CHECK(files.at("./empty.csv").empty());
  CHECK(files.at("./two.csv") == "1\ta\n" + std::string(100'000, 'b'));
  CHECK(files.at("./block.csv") == std::string(512, 'c'));
  CHECK(sum.size == std::filesystem::file_size(path));
  CHECK(sum.sha256 == sum_of_file(path).sha256);
}

TEST_CASE("publication::Tarball: the same calls make the same bytes")
{
  const test::TempDir folder;
  CHECK(write_example(folder.path() / "a").sha256 == write_example(folder.path() / "b").sha256);
}

TEST_CASE("publication::Tarball: what is there is not overwritten")
{
  const test::TempDir folder;
  write_example(folder.path() / "a");
  CHECK_THROWS_AS(write_example(folder.path() / "a"), Error);
}

TEST_CASE("publication::Decompressor: only the whole content counts")
{
  const std::string content(5000, 'x');
  const auto member = Compressor{6}.compress(content);
  Decompressor decompressor;
  CHECK(decompressor.holds(member, content));
  CHECK_FALSE(decompressor.holds(member, content + "y"));
  CHECK_FALSE(decompressor.holds(member, content.substr(1)));
  CHECK_FALSE(decompressor.holds(member.substr(0, member.size() - 1), content));
  CHECK_FALSE(decompressor.holds(member + member, content));
  CHECK_FALSE(decompressor.holds("", content));
  CHECK(decompressor.holds(store("abc"), "abc"));
}

TEST_CASE("publication::Packer: buckets come back in order, each into a file of its name")
{
  const test::TempDir folder;
  PieceFolder pieces{folder.path() / "bety.d"};
  Packer packer{pieces, 1, 3};
  std::int64_t taken = 0;
  const auto take = [&] {
    const auto bucket = packer.take();
    CHECK(bucket.number == taken++);
    CHECK(std::filesystem::file_size(folder.path() / "bety.d" / (bucket.packed.hash + ".gz")) ==
          bucket.packed.member.size());
  };
  for (std::int64_t i = 0; i < 100; ++i) {
    while (packer.waiting() >= packer.room()) {
      take();
    }
    packer.put({.number = i, .rows = 1, .text = std::to_string(i) + std::string(1000, 'z')});
  }
  while (packer.waiting() > 0) {
    take();
  }
  CHECK(taken == 100);
  CHECK(pieces.keep_only({}) == 100);
}

TEST_CASE("publication::Packer: an error reaches whoever takes, and jobs left over end with it")
{
  const test::TempDir folder;
  PieceFolder pieces{folder.path() / "bety.d"};
  std::filesystem::remove(folder.path() / "bety.d");
  Packer packer{pieces, 1, 2};
  packer.put({.rows = 1, .text = "a"});
  packer.put({.rows = 1, .text = "b"});
  CHECK_THROWS_AS(packer.take(), Error);
}

}  // namespace pecanctl::publication
