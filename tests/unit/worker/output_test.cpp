// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <cstdio>
#include <random>

#include <doctest/doctest.h>

#include "cli/worker/kept_output.hpp"
#include "cli/worker/outcome_file.hpp"
#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "tests/support/temp_dir.hpp"

using namespace pecanctl;
using namespace pecanctl::worker;

namespace {

// What Python itself prints for each block of `size` bytes of `path`.
std::vector<std::string> ask_python(const std::filesystem::path& path, std::size_t size)
{
  const auto command =
      "python3 -c 'import sys; data = open(sys.argv[1], \"rb\").read(); n = int(sys.argv[2]); "
      "[print(str(data[i:i+n])) for i in range(0, len(data), n)]' " +
      path.string() + " " + std::to_string(size);
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  for (int letter = std::fgetc(pipe); letter != EOF; letter = std::fgetc(pipe)) {
    output += static_cast<char>(letter);
  }
  REQUIRE(::pclose(pipe) == 0);
  return split(trim(output), '\n');
}

}  // namespace

TEST_CASE("worker::python_repr: quotes and escapes by Python's rules")
{
  CHECK(python_repr("") == "b''");
  CHECK(python_repr("a\nb\r\t") == R"(b'a\nb\r\t')");
  CHECK(python_repr("it's") == R"(b"it's")");
  CHECK(python_repr("say \"x\"") == R"(b'say "x"')");
  CHECK(python_repr("it's \"x\"") == R"(b'it\'s "x"')");
  CHECK(python_repr("back\\slash") == R"(b'back\\slash')");
  CHECK(python_repr(std::string_view{"\0\x1f\x7f\x80\xff", 5}) == R"(b'\x00\x1f\x7f\x80\xff')");
}

TEST_CASE("worker::python_repr: equals Python's own for random bytes")
{
  constexpr std::size_t k_size = 7;  // short, so that many have only one kind of quote
  constexpr std::string_view k_frequent = "'\"\\\n\r\t";
  std::minstd_rand rng{20'170};
  std::string bytes;
  for (std::size_t i = 0; i < 3000 * k_size; ++i) {
    const auto pick = rng();
    bytes += pick % 3 == 0 ? k_frequent[pick / 3 % k_frequent.size()]
                           : static_cast<char>(pick / 3 % 256);
  }
  const test::TempDir dir;
  write_file_atomically(dir.path() / "bytes", bytes, 0600);
  const auto expected = ask_python(dir.path() / "bytes", k_size);
  REQUIRE(expected.size() == 3000);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(python_repr(std::string_view{bytes}.substr(i * k_size, k_size)) == expected[i]);
  }
}

TEST_CASE("worker::KeptOutput: a short output is kept whole")
{
  KeptOutput kept;
  kept.add("one ");
  kept.add("two");
  CHECK(kept.text() == "one two");
}

TEST_CASE("worker::KeptOutput: a long output keeps its begin and its end and says what is missing")
{
  KeptOutput kept;
  kept.add("BEGIN");
  for (int i = 0; i < 300; ++i) {
    kept.add(std::string(10'000, 'x'));
  }
  kept.add("END");
  const auto text = kept.text();
  CHECK(text.starts_with("BEGIN"));
  CHECK(text.ends_with("END"));
  CHECK(text.size() < (1U << 20U) + 100);
  CHECK(text.find("[pecan-worker: 1951432 bytes of output left out]") != std::string::npos);
}
