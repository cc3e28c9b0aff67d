// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/pull_progress.hpp"

#include <doctest/doctest.h>

using namespace pecanctl;

namespace {

docker::BuildProgress line(std::string id, std::string status, std::uint64_t current = 0,
                           std::uint64_t total = 0)
{
  return {.id = std::move(id), .status = std::move(status), .current = current, .total = total};
}

}  // namespace

TEST_CASE("engine::PullProgress: layers add up to one picture that never goes back")
{
  engine::PullProgress pull;
  CHECK(pull.add(line("latest", "Pulling from pecan/model")).total == 0);
  pull.add(line("a", "Already exists"));
  pull.add(line("b", "Pulling fs layer"));
  auto shown = pull.add(line("c", "Waiting"));
  CHECK(shown.state == "1 of 3 layers");
  CHECK(shown.total == 0);

  shown = pull.add(line("b", "Downloading", 50, 100));
  CHECK(shown.current == 50);
  CHECK(shown.total == 200);
  shown = pull.add(line("c", "Downloading", 10, 300));
  CHECK(shown.current == 60);
  CHECK(shown.total == 800);

  // The engine fetches a layer again after a broken connection.
  shown = pull.add(line("b", "Downloading", 5, 100));
  CHECK(shown.current == 60);

  pull.add(line("b", "Download complete"));
  shown = pull.add(line("b", "Extracting", 40, 100));
  CHECK(shown.current == 150);
  shown = pull.add(line("b", "Pull complete"));
  CHECK(shown.state == "2 of 3 layers");
  CHECK(shown.current == 210);
  shown = pull.add(line("c", "Pull complete"));
  CHECK(shown.state == "3 of 3 layers");
  CHECK(shown.current == shown.total);

  shown = pull.add(line("", "Status: Downloaded newer image"));
  CHECK(shown.state == "3 of 3 layers");
}
