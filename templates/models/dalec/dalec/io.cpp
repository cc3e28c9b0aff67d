// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "templates/models/dalec/dalec/io.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

namespace dalec {
namespace {

std::string_view trim(std::string_view text)
{
  constexpr std::string_view k_space = " \t\r";
  const auto first = text.find_first_not_of(k_space);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(k_space) - first + 1);
}

std::string number_text(double value)
{
  std::array<char, 32> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), result.ptr};
}

/// A CSV file without quoting, a row at a time, that knows where it is.
class Table {
 public:
  explicit Table(const std::filesystem::path& file) : name_{file.filename().string()}, stream_{file}
  {
    if (!stream_) {
      throw InputError{file.string() + ": cannot be opened"};
    }
    if (!next()) {
      fail("is empty: a header line is missing");
    }
    header_ = cells_;
  }

  /// Moves to the next row that is neither empty nor a comment; false at the end.
  bool next()
  {
    while (std::getline(stream_, text_)) {
      ++line_;
      const auto row = trim(text_);
      if (!row.empty() && row.front() != '#') {
        split(row);
        return true;
      }
    }
    return false;
  }

  std::size_t column(std::string_view wanted) const
  {
    const auto found = std::find(header_.begin(), header_.end(), wanted);
    if (found == header_.end()) {
      fail("the header has no column '" + std::string{wanted} + "'");
    }
    return static_cast<std::size_t>(found - header_.begin());
  }

  const std::string& cell(std::size_t column) const
  {
    if (column >= cells_.size()) {
      fail("the row has " + std::to_string(cells_.size()) + " fields, the header " +
           std::to_string(header_.size()));
    }
    return cells_[column];
  }

  /// The number in a column, which must lie in [least, most].
  double number(std::size_t column, std::string_view label, double least, double most) const
  {
    const auto& text = cell(column);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
      fail(std::string{label} + " is '" + text + "', not a number");
    }
    if (value < least || value > most) {
      fail(std::string{label} + " is " + text + ", outside " + number_text(least) + " to " +
           number_text(most));
    }
    return value;
  }

  [[noreturn]] void fail(const std::string& problem) const
  {
    throw InputError{name_ + ":" + std::to_string(line_) + ": " + problem};
  }

 private:
  void split(std::string_view row)
  {
    cells_.clear();
    for (std::size_t begin = 0; begin <= row.size();) {
      const auto end = std::min(row.find(',', begin), row.size());
      cells_.emplace_back(trim(row.substr(begin, end - begin)));
      begin = end + 1;
    }
  }

  std::string name_;
  std::ifstream stream_;
  std::string text_;
  int line_ = 0;
  std::vector<std::string> header_;
  std::vector<std::string> cells_;
};

/// A name that a parameter file must hold, where its value goes, and its range.
struct Field {
  std::string_view name;
  double* target;
  double least;
  double most;
};

/// Ranges: what the equations can stand, wider than the priors of Bloom and Williams (2015).
std::vector<Field> fields(Setup& setup)
{
  auto& p = setup.parameters;
  auto& c = setup.pools;
  constexpr double k_pool_most = 1e6;
  return {{"decomposition", &p.decomposition, 0, 0.02},
          {"autotrophic_fraction", &p.autotrophic_fraction, 0, 1},
          {"foliage_fraction", &p.foliage_fraction, 0, 1},
          {"root_fraction", &p.root_fraction, 0, 1},
          {"leaf_lifespan", &p.leaf_lifespan, 1.001, 10},
          {"wood_turnover", &p.wood_turnover, 0, 1},
          {"root_turnover", &p.root_turnover, 0, 1},
          {"litter_turnover", &p.litter_turnover, 0, 0.02},
          {"soil_turnover", &p.soil_turnover, 0, 0.02},
          {"temperature_factor", &p.temperature_factor, 0, 0.08},
          {"canopy_efficiency", &p.canopy_efficiency, 1, 200},
          {"leaf_onset_day", &p.leaf_onset_day, 1, 366},
          {"labile_fraction", &p.labile_fraction, 0, 1},
          {"labile_release_days", &p.labile_release_days, 10, 150},
          {"leaf_fall_day", &p.leaf_fall_day, 1, 366},
          {"leaf_fall_days", &p.leaf_fall_days, 10, 150},
          {"leaf_mass_per_area", &p.leaf_mass_per_area, 5, 400},
          {"latitude", &p.latitude, -90, 90},
          {"labile", &c.labile, 0, k_pool_most},
          {"foliage", &c.foliage, 0, k_pool_most},
          {"roots", &c.roots, 0, k_pool_most},
          {"wood", &c.wood, 0, k_pool_most},
          {"litter", &c.litter, 0, k_pool_most},
          {"soil", &c.soil, 0, k_pool_most}};
}

}  // namespace

Setup read_setup(const std::filesystem::path& file)
{
  Setup setup;
  auto missing = fields(setup);
  const auto known = missing;
  Table table{file};
  const auto name_column = table.column("name");
  const auto value_column = table.column("value");
  while (table.next()) {
    const auto& name = table.cell(name_column);
    const auto is_named = [&](const Field& field) { return field.name == name; };
    const auto found = std::find_if(missing.begin(), missing.end(), is_named);
    if (found == missing.end()) {
      table.fail("'" + name + "' is " +
                 (std::any_of(known.begin(), known.end(), is_named) ? "given twice"
                                                                    : "no parameter of DALEC"));
    }
    *found->target = table.number(value_column, name, found->least, found->most);
    missing.erase(found);
  }
  if (!missing.empty()) {
    table.fail("the file ends without '" + std::string{missing.front().name} + "'");
  }
  return setup;
}

std::vector<Weather> read_weather(const std::filesystem::path& file)
{
  Table table{file};
  const auto day = table.column("day");
  const auto tmin = table.column("tmin_degC");
  const auto tmax = table.column("tmax_degC");
  const auto radiation = table.column("radiation_MJ_m-2_d-1");
  const auto co2 = table.column("co2_ppm");
  std::vector<Weather> rows;
  while (table.next()) {
    const double number = table.number(day, "day", 1, 366);
    if (number != std::floor(number)) {
      table.fail("day is " + table.cell(day) + ", not a whole number");
    }
    rows.push_back({.day_of_year = static_cast<int>(number),
                    .tmin = table.number(tmin, "tmin_degC", -80, 50),
                    .tmax = table.number(tmax, "tmax_degC", -80, 60),
                    .radiation = table.number(radiation, "radiation_MJ_m-2_d-1", 0, 60),
                    .co2 = table.number(co2, "co2_ppm", 100, 5000)});
    if (rows.back().tmax < rows.back().tmin) {
      table.fail("tmax_degC is below tmin_degC");
    }
  }
  if (rows.empty()) {
    table.fail("has no day below its header");
  }
  return rows;
}

std::string render(const std::vector<Day>& days)
{
  std::string text =
      "day,lai_m2_m-2,gpp_gC_m-2_d-1,autotrophic_respiration_gC_m-2_d-1,"
      "heterotrophic_respiration_gC_m-2_d-1,nee_gC_m-2_d-1,foliage_litter_gC_m-2_d-1,"
      "labile_gC_m-2,foliage_gC_m-2,roots_gC_m-2,wood_gC_m-2,litter_gC_m-2,soil_gC_m-2\n";
  for (const auto& day : days) {
    text += std::to_string(day.day_of_year);
    for (const double value : {day.leaf_area, day.fluxes.gpp, day.fluxes.autotrophic_respiration,
                               day.fluxes.heterotrophic_respiration(), day.fluxes.nee(),
                               day.fluxes.foliage_litter, day.pools.labile, day.pools.foliage,
                               day.pools.roots, day.pools.wood, day.pools.litter, day.pools.soil}) {
      text += ',';
      text += number_text(value);
    }
    text += '\n';
  }
  return text;
}

void write_file(const std::filesystem::path& file, const std::string& text)
{
  auto partial = file;
  partial += ".part";
  std::ofstream stream{partial, std::ios::binary | std::ios::trunc};
  stream << text;
  stream.close();
  std::error_code error;
  if (stream) {
    std::filesystem::rename(partial, file, error);
  }
  if (!stream || error) {
    std::error_code ignored;
    std::filesystem::remove(partial, ignored);
    throw std::runtime_error{file.string() + ": cannot be written"};
  }
}

}  // namespace dalec
