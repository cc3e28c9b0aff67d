// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <sys/stat.h>

#include <fstream>

#include "core/arrays/template.hpp"
#include "core/base/fd.hpp"
#include "tests/support/temp_dir.hpp"

using namespace pecanctl;
namespace fs = std::filesystem;

namespace {

struct TemplateFixture {
  test::TempDir dir = {};
  fs::path root = dir.path() / "data";
  fs::path model = dir.path() / "model";
  std::unique_ptr<engine::DataAccess> data = {};
  arrays::Table table = arrays::parse_table("site,rate\nA,0.1\nB,0.2\n", "sites.csv");
  std::vector<arrays::RowFolder> rows{{.path = "e/A", .row = 0}, {.path = "e/B", .row = 1}};

  TemplateFixture()
  {
    fs::create_directories(root);
    fs::create_directories(model / "in");
    write("job.sh", "#!/bin/sh\nexit 0\n");
    fs::permissions(model / "job.sh", fs::perms{0755});
    write("in/parameters.csv.in", "rate,{rate}\n");
    write("rabbitmq.out", "b''\nOK\n");
    data = engine::make_local_data(root);
  }

  void write(const std::string& name, const std::string& text) const
  {
    std::ofstream{model / name} << text;
  }

  arrays::MadeFolders make(const arrays::MakeOptions& options = {}) const
  {
    return arrays::make_folders(*data, arrays::read_template(model), table, rows, options,
                                Deadline::never(), {});
  }

  // What is in the folder of site A, hidden names too.
  std::size_t count_in(const std::string& folder) const
  {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator{root / folder}, {}));
  }
};

}  // namespace

TEST_CASE("arrays::make_folders: each row has the template's files, its values filled in")
{
  const TemplateFixture fixture;
  CHECK(fixture.make().made == 2);
  CHECK(read_file(fixture.root / "e/A/in/parameters.csv") == "rate,0.1\n");
  CHECK(read_file(fixture.root / "e/B/in/parameters.csv") == "rate,0.2\n");
  CHECK((fs::status(fixture.root / "e/B/job.sh").permissions() & fs::perms::mask) ==
        fs::perms{0755});
  CHECK_FALSE(fs::exists(fixture.root / "e/A/rabbitmq.out"));
  CHECK(fixture.count_in("e") == 2);
  const auto again = fixture.make();
  CHECK(again.made == 0);
  CHECK(again.kept == 2);
}

TEST_CASE("arrays::make_folders: products in a folder do not matter, other contents do")
{
  TemplateFixture fixture;
  fixture.make();
  std::ofstream{fixture.root / "e/A/rabbitmq.out"} << "b''\nOK\n";
  CHECK(fixture.make().kept == 2);
  fixture.table = arrays::parse_table("site,rate\nA,0.1\nB,0.9\n", "sites.csv");
  try {
    fixture.make();
    FAIL("e/B holds something else");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid);
    REQUIRE(error.info().diagnostics.size() == 1);
    CHECK(error.info().diagnostics.front().file == "/data/e/B");
  }
  const auto made = fixture.make({.set_aside_suffix = ".old"});
  CHECK(made.set_aside == 1);
  CHECK(read_file(fixture.root / "e/B/in/parameters.csv") == "rate,0.9\n");
  CHECK(read_file(fixture.root / "e/B.old/in/parameters.csv") == "rate,0.2\n");
}

TEST_CASE("arrays::make_folders: a folder whose job is under way keeps its name, and so do all")
{
  TemplateFixture fixture;
  fixture.make();
  fixture.table = arrays::parse_table("site,rate\nA,0.8\nB,0.9\n", "sites.csv");
  try {
    fixture.make({.set_aside_suffix = ".old", .in_use = {"e/B"}});
    FAIL("a job runs in e/B");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid);
    REQUIRE(error.info().diagnostics.size() == 1);
    CHECK(error.info().diagnostics.front().file == "/data/e/B");
  }
  CHECK(read_file(fixture.root / "e/A/in/parameters.csv") == "rate,0.1\n");
  CHECK(fixture.count_in("e") == 2);
}

TEST_CASE("arrays::make_folders: rows that share a folder must fill it with the same")
{
  TemplateFixture fixture;
  fixture.rows[1].path = "e/A";
  CHECK_THROWS_AS(fixture.make(), Error);
  CHECK_FALSE(fs::exists(fixture.root / "e"));
  fixture.rows[1].row = 0;
  CHECK(fixture.make().made == 1);
}

TEST_CASE("arrays::look_at_folders: tells what would be made, and makes nothing")
{
  const TemplateFixture fixture;
  const auto seen = arrays::look_at_folders(*fixture.data, arrays::read_template(fixture.model),
                                            fixture.table, fixture.rows, {}, Deadline::never(), {});
  CHECK(seen.made == 2);
  CHECK(fixture.count_in(".") == 0);
}

TEST_CASE("arrays::read_template: here and in /data the same")
{
  const TemplateFixture fixture;
  fs::copy(fixture.model, fixture.root / "model", fs::copy_options::recursive);
  const auto here = arrays::read_template(fixture.model);
  const auto there = arrays::read_template(*fixture.data, "model", Deadline::never(), {});
  CHECK(here.files == there.files);
  CHECK(there.name == "/data/model");
  CHECK_THROWS_AS(arrays::read_template(*fixture.data, "absent", Deadline::never(), {}), Error);
}

TEST_CASE("arrays::read_template: what has no job.sh, two of a file, or a link is refused")
{
  const TemplateFixture fixture;
  SUBCASE("no job.sh")
  {
    fs::remove(fixture.model / "job.sh");
  }
  SUBCASE("two of a file")
  {
    fixture.write("job.sh.in", "");
  }
  SUBCASE("a symbolic link")
  {
    fs::create_symlink("/etc/passwd", fixture.model / "link");
  }
  CHECK_THROWS_AS(arrays::read_template(fixture.model), Error);
}

TEST_CASE("engine::DataAccess::make_folders: no symbolic link is followed, nothing half made stays")
{
  const TemplateFixture fixture;
  fs::create_directories(fixture.dir.path() / "outside");
  fs::create_symlink(fixture.dir.path() / "outside", fixture.root / "e");
  CHECK_THROWS_AS(fixture.make(), Error);
  CHECK(fs::is_empty(fixture.dir.path() / "outside"));
  const std::vector<engine::NewFolder> bad{
      {.path = "w/x", .files = {{.path = "a"}, {.path = "a/b"}}}};
  CHECK_THROWS_AS(fixture.data->make_folders(bad, Deadline::never(), {}), Error);
  CHECK(fixture.count_in("w") == 0);
}
