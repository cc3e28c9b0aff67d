// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "templates/models/dalec/dalec/model.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace dalec {

/// An input file is wrong. "drivers.csv:12: what is wrong".
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a parameter file holds: the plants and the pools on the morning of the first day.
struct Setup {
  Parameters parameters = {};
  Pools pools = {};
};

/// A day of the run, as a row of the output shows it; pools at the end of the day.
struct Day {
  int day_of_year = 1;
  double leaf_area = 0;  ///< at the beginning of the day, as photosynthesis saw it
  Fluxes fluxes = {};
  Pools pools = {};
};

/// Reads "name,value,..." rows below a header; '#' begins a comment line, further columns are for
/// people. Every name of DALEC exactly once, each value in its range.
/// @throws InputError with the line.
Setup read_setup(const std::filesystem::path& file);

/// Reads the columns day, tmin_degC, tmax_degC, radiation_MJ_m-2_d-1 and co2_ppm, found by the
/// header; other columns are left alone, '#' begins a comment line. One row is one day.
/// @throws InputError with the line.
std::vector<Weather> read_weather(const std::filesystem::path& file);

/// The whole output as CSV; the header names the units. Numbers are the shortest that read back the
/// same.
std::string render(const std::vector<Day>& days);

/// Writes `text` to `file` so that the file is whole or not there.
/// @throws std::runtime_error
void write_file(const std::filesystem::path& file, const std::string& text);

}  // namespace dalec
