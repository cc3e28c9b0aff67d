// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "templates/models/dalec/dalec/io.hpp"
#include "templates/models/dalec/dalec/run.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace {

const std::filesystem::path k_example_folder = DALEC_EXAMPLE;
constexpr std::string_view k_header = "day,tmin_degC,tmax_degC,radiation_MJ_m-2_d-1,co2_ppm\n";

std::string text_of(const std::filesystem::path& file)
{
  std::ifstream stream{file};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// The message with which reading `text` fails, or empty.
template <typename Read>
std::string refusal(const std::string& name, const std::string& text, Read read)
{
  const pecanctl::test::TempDir folder;
  std::ofstream{folder.path() / name} << text;
  try {
    read(folder.path() / name);
  } catch (const dalec::InputError& error) {
    return error.what();
  }
  return {};
}

std::string weather_refusal(const std::string& rows)
{
  return refusal("drivers.csv", std::string{k_header} + rows, dalec::read_weather);
}

/// The example's parameters with `from` replaced by `to`.
std::string setup_refusal(const std::string& from, const std::string& to)
{
  auto text = text_of(k_example_folder / "parameters.csv");
  text.replace(text.find(from), from.size(), to);
  return refusal("parameters.csv", text, dalec::read_setup);
}

}  // namespace

TEST_CASE("dalec::read_weather: columns are found by name and comments do not count")
{
  const pecanctl::test::TempDir folder;
  const auto file = folder.path() / "drivers.csv";
  std::ofstream{file}
      << "# made up\r\nco2_ppm,day,wind,tmax_degC,tmin_degC,radiation_MJ_m-2_d-1\r\n\r\n"
      << "410.5, 7,3,2.5,-1,8\r\n";
  const auto rows = dalec::read_weather(file);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].day_of_year == 7);
  CHECK(rows[0].tmin == -1.0);
  CHECK(rows[0].tmax == 2.5);
  CHECK(rows[0].radiation == 8.0);
  CHECK(rows[0].co2 == 410.5);
}

TEST_CASE("dalec::read_weather: a bad row is refused with file and line")
{
  CHECK(weather_refusal("1,0,5,8,400\n2,0,5,8\n") ==
        "drivers.csv:3: the row has 4 fields, the header 5");
  CHECK(weather_refusal("1,zero,5,8,400\n") == "drivers.csv:2: tmin_degC is 'zero', not a number");
  CHECK(weather_refusal("1,0,nan,8,400\n") == "drivers.csv:2: tmax_degC is 'nan', not a number");
  CHECK(weather_refusal("1,0,5,-1,400\n") ==
        "drivers.csv:2: radiation_MJ_m-2_d-1 is -1, outside 0 to 60");
  CHECK(weather_refusal("367,0,5,8,400\n") == "drivers.csv:2: day is 367, outside 1 to 366");
  CHECK(weather_refusal("1.5,0,5,8,400\n") == "drivers.csv:2: day is 1.5, not a whole number");
  CHECK(weather_refusal("1,6,5,8,400\n") == "drivers.csv:2: tmax_degC is below tmin_degC");
  CHECK(weather_refusal("# nothing\n") == "drivers.csv:2: has no day below its header");
  CHECK(refusal("drivers.csv", "", dalec::read_weather) ==
        "drivers.csv:0: is empty: a header line is missing");
  CHECK(refusal("drivers.csv", "day,tmax_degC\n", dalec::read_weather) ==
        "drivers.csv:1: the header has no column 'tmin_degC'");
}

TEST_CASE("dalec::read_setup: a bad value is refused with file and line")
{
  CHECK(setup_refusal("labile,160", "labile,-1") ==
        "parameters.csv:24: labile is -1, outside 0 to 1e+06");
  CHECK(setup_refusal("roots,150", "roots,many") ==
        "parameters.csv:26: roots is 'many', not a number");
  CHECK(setup_refusal("wood,9000", "woood,9000") ==
        "parameters.csv:27: 'woood' is no parameter of DALEC");
  CHECK(setup_refusal("wood,9000", "roots,9000") == "parameters.csv:27: 'roots' is given twice");
  CHECK(setup_refusal("latitude,42.5", "# latitude") ==
        "parameters.csv:29: the file ends without 'latitude'");
  CHECK(setup_refusal("leaf_lifespan,1.02", "leaf_lifespan,1") ==
        "parameters.csv:10: leaf_lifespan is 1, outside 1.001 to 10");
}

TEST_CASE("dalec::render: same input gives the same bytes and numbers read back exactly")
{
  const auto setup = dalec::read_setup(k_example_folder / "parameters.csv");
  const auto weather = dalec::read_weather(k_example_folder / "drivers.csv");
  const auto days = dalec::run(setup, weather);
  const auto text = dalec::render(days);
  CHECK(text == dalec::render(dalec::run(setup, weather)));

  const auto last_line = text.substr(text.rfind('\n', text.size() - 2) + 1);
  CHECK(last_line.substr(0, 4) == "365,");
  CHECK(std::stod(last_line.substr(last_line.rfind(',') + 1)) == days.back().pools.soil);
  CHECK(text.substr(0, 31) == "day,lai_m2_m-2,gpp_gC_m-2_d-1,a");
}

TEST_CASE("dalec::write_file: the file is whole or not there")
{
  const pecanctl::test::TempDir folder;
  const auto file = folder.path() / "dalec.csv";
  dalec::write_file(file, "one\n");
  dalec::write_file(file, "two\n");
  CHECK(text_of(file) == "two\n");
  CHECK_FALSE(std::filesystem::exists(folder.path() / "dalec.csv.part"));
  CHECK_THROWS_AS(dalec::write_file(folder.path() / "missing" / "dalec.csv", "x"),
                  std::runtime_error);
}
