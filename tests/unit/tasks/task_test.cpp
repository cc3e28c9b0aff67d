// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/tasks/task.hpp"

#include <string>

#include <doctest/doctest.h>

#include "core/base/error.hpp"
#include "core/tasks/layout.hpp"

namespace pecanctl::tasks {
namespace {

const std::string k_task =
    "name: t\nprogram: [map.sh]\ninput: {file: x.txt, cut: bytes, each: 1MiB}\n"
    "map: [sh, \"{program}/map.sh\", \"{input}\", \"it's {output}\"]\nreduce: [cat, \"{input}\"]\n";

Task parse(const std::string& text)
{
  return parse_task(
      text, "task.yaml",
      [](const std::string& path) {
        return path == "map.sh" ? std::optional{engine::NewFile{.path = path, .content = "x"}}
                                : std::nullopt;
      },
      [](auto) { return std::nullopt; });
}

std::size_t count_mistakes(const std::string& text)
{
  try {
    parse(text);
  } catch (const Error& error) {
    return error.info().diagnostics.size();
  }
  return 0;
}

}  // namespace

TEST_CASE("tasks::parse_task: what the file says, and defaults")
{
  const auto task = parse(k_task + "quorum: 3\ntimeout: 90s\n");
  CHECK(task.input.each == std::uint64_t{1} << 20U);
  CHECK(task.quorum == 3);
  CHECK(task.max_results == 6);
  CHECK(task.retries == 1);
  CHECK(task.timeout == std::chrono::seconds{90});
  CHECK(task.program.size() == 1);
  CHECK_FALSE(task.compare.is_csv);
}

TEST_CASE("tasks::parse_task: mistakes are all told")
{
  CHECK(count_mistakes(k_task) == 0);
  CHECK(count_mistakes("name: t\n") == 3);
  CHECK(count_mistakes(k_task + "image: a:latest\nquorum: 2\nmax_results: 1\n") == 2);
  CHECK(count_mistakes(k_task + "check: [\"{outptu}\"]\n") == 1);
  CHECK(count_mistakes(k_task + "check: [awk, \"{print}\"]\n") == 0);
  CHECK(count_mistakes(k_task + "compare: {command: [cmp], tolerance: 1}\n") == 1);
}

TEST_CASE("tasks::render_identity: how often and how long is no part of what a task is")
{
  const auto identity = render_identity(parse(k_task));
  CHECK(render_identity(parse(k_task + "retries: 9\ntimeout: 1h\nmax_results: 7\n")) == identity);
  CHECK(render_identity(parse(k_task + "quorum: 2\n")) != identity);
  CHECK(render_identity(parse(k_task + "check: [\"true\"]\n")) != identity);
}

TEST_CASE("tasks::render_commands: no word is ever read by a shell")
{
  const auto text = render_commands(parse(k_task));
  CHECK(text.find("command_map() { start 'sh' ''\"$PECAN_TASK_PROGRAM\"'/map.sh' ''\"$input\"'' "
                  "'it'\\''s '\"$output\"''; }\n") != std::string::npos);
}

}  // namespace pecanctl::tasks
