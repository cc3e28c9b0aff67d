// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/tasks/board.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/base/secret.hpp"
#include "tests/support/temp_dir.hpp"

namespace pecanctl::tasks {
namespace {

namespace fs = std::filesystem;

const std::string k_root = "tasks/t-1";

// A task's folder, and workers to script.
struct World {
  test::TempDir folder = {};
  std::unique_ptr<engine::DataAccess> data = engine::make_local_data(folder.path());

  Board board(int quorum, int retries = 0)
  {
    return {
        *data,
        {.root = k_root, .job = {.quorum = quorum}, .max_results = quorum + 3, .retries = retries},
        {{.name = "00000", .digest = "d", .files = {{.path = "chunk", .content = "x"}}}}};
  }

  fs::path slot(int number) const
  {
    return folder.path() / k_root / "map" / "00000" / fmt::format("r{}", number);
  }

  void write(int number, const std::string& worker, const std::string& output,
             const std::string& state = "ok") const
  {
    std::ofstream{slot(number) / "output"} << output;
    std::ofstream{slot(number) / "manifest"} << fmt::format(
        "pecan-task 1\nstate {}\nstep map\nexit 0\nsignal 0\noom 0\nlate 0\nseconds 0\nworker {}\n"
        "file {} {} output\nend\n",
        state, worker, output.size(), sha256_hex(output));
  }

  static void refresh(Board& board) { board.refresh({}, Deadline::never(), {}); }

  static std::size_t prepare(Board& board) { return board.prepare(Deadline::never(), {}).size(); }
};

}  // namespace

TEST_CASE("tasks::Board: a result counts when its output is what its manifest says")
{
  World world;
  auto board = world.board(1, 1);
  World::refresh(board);
  REQUIRE(World::prepare(board) == 1);
  world.write(1, "w1", "good");
  std::ofstream{world.slot(1) / "output"} << "changed";
  World::refresh(board);
  CHECK(board.judge().verified == 0);
  CHECK(board.failures().begin()->second.reason.find("not what its manifest says") !=
        std::string::npos);
  REQUIRE(World::prepare(board) == 1);
  CHECK_FALSE(fs::exists(world.slot(1) / "output"));
  world.write(1, "w1", "good");
  World::refresh(board);
  CHECK(board.judge().verified == 1);
  CHECK(board.accepted(0).name == "map/00000/r1/output");

  auto later = world.board(1);
  World::refresh(later);
  CHECK(later.judge().verified == 1);
}

TEST_CASE("tasks::Board: two results of one worker are one vote")
{
  World world;
  auto board = world.board(2);
  World::refresh(board);
  REQUIRE(World::prepare(board) == 2);
  world.write(1, "w1", "a");
  world.write(2, "w1", "a");
  World::refresh(board);
  CHECK(board.judge().verified == 0);
  CHECK(board.judge().declined == 1);
  REQUIRE(World::prepare(board) == 1);
  CHECK_FALSE(fs::exists(world.slot(2) / "manifest"));
  world.write(2, "w2", "b");
  World::refresh(board);
  CHECK(board.judge().slots == 1);
  CHECK(board.judge().workers == 3);
  REQUIRE(World::prepare(board) == 1);
  world.write(3, "w3", "b");
  World::refresh(board);
  const auto standing = board.judge();
  CHECK(standing.verified == 1);
  CHECK(standing.outvoted == 1);
  CHECK(board.accepted(0).sha256 == sha256_hex("b"));
}

TEST_CASE("tasks::Board: failures count from this command on")
{
  World world;
  auto board = world.board(1, 1);
  World::refresh(board);
  World::prepare(board);
  for (int attempt = 0; attempt < 2; ++attempt) {
    CHECK(board.judge().failed.empty());
    world.write(1, "w1", "", "failed");
    World::refresh(board);
    if (attempt == 0) {
      World::prepare(board);
    }
  }
  CHECK(board.judge().failed.size() == 1);
  CHECK(World::prepare(board) == 0);

  auto later = world.board(1, 1);
  World::refresh(later);
  CHECK(later.judge().failed.empty());
  CHECK(later.judge().slots == 1);
}

}  // namespace pecanctl::tasks
