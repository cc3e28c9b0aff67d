// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Expected numbers come from an independent implementation (Python, written from the same papers:
// conductances in parallel instead of the product form, daily rates from the closed forms), unless
// a case derives them by hand.
#include "templates/models/dalec/dalec/model.hpp"
#include "templates/models/dalec/dalec/run.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <vector>

using doctest::Approx;

namespace {

const std::filesystem::path k_example = DALEC_EXAMPLE;

Approx nearly(double value)
{
  return Approx(value).epsilon(1e-11);
}

dalec::Parameters canopy(double latitude, double efficiency)
{
  return {.canopy_efficiency = efficiency, .latitude = latitude};
}

double seasonal_sum(double peak_day, double length, double lifespan)
{
  double sum = 0;
  for (int day = 1; day <= 365; ++day) {
    sum += dalec::seasonal_rate(day, peak_day, length, lifespan);
  }
  return sum;
}

std::vector<dalec::Day> run_example(const dalec::Setup& setup)
{
  return dalec::run(setup, dalec::read_weather(k_example / "drivers.csv"));
}

}  // namespace

TEST_CASE("dalec::day_length: twelve hours at the equator and at equinox")
{
  for (const int day : {1, 80, 172, 300}) {
    CHECK(dalec::day_length(day, 0.0) == nearly(12.0));
  }
  // The cosine is zero a quarter of 365 days after day -10: day 81.25.
  CHECK(dalec::day_length(81, 42.5) == Approx(12.0).epsilon(0.002));
  CHECK(dalec::day_length(180, 42.5) == nearly(15.0841722934531));
  CHECK(dalec::day_length(355, 42.5) == nearly(8.88512672670461));
}

TEST_CASE("dalec::day_length: polar day and polar night")
{
  CHECK(dalec::day_length(172, 75.0) == 24.0);
  CHECK(dalec::day_length(355, 75.0) == 0.0);
  CHECK(dalec::day_length(355, -75.0) == 24.0);
}

TEST_CASE("dalec::gross_primary_production: agrees with an independent ACM")
{
  struct Case {
    double leaf_area, tmin, tmax, radiation, co2;
    int day;
    double latitude, efficiency, gpp;
  };

  const std::vector<Case> cases{{3.5, 12, 25, 20, 400, 180, 42.5, 20, 9.50729598215888},
                                {1, 2, 9, 8, 380, 100, 60, 10, 1.32577989818729},
                                {6, 20, 31, 25, 700, 172, 0, 40, 18.8533788076797},
                                {0.5, -8, -1, 4, 400, 355, 42.5, 16, 0.354062532931866},
                                {2, 5, 15, 10, 400, 172, 75, 20, 7.44265651271834},
                                {2, 5, 15, 10, 400, 355, 75, 20, 0.79935067250498}};
  for (const auto& row : cases) {
    const dalec::Weather weather{row.day, row.tmin, row.tmax, row.radiation, row.co2};
    CHECK(dalec::gross_primary_production(row.leaf_area, weather,
                                          canopy(row.latitude, row.efficiency)) == nearly(row.gpp));
  }
}

TEST_CASE("dalec::gross_primary_production: no leaf or no light fixes nothing")
{
  const dalec::Weather day{180, 12, 25, 20, 400};
  const dalec::Weather dark{180, 12, 25, 0, 400};
  CHECK(dalec::gross_primary_production(0, day, canopy(42.5, 20)) == 0.0);
  CHECK(dalec::gross_primary_production(3, dark, canopy(42.5, 20)) == 0.0);
}

TEST_CASE("dalec::gross_primary_production: rises with light, CO2 and leaf area, each saturating")
{
  const auto gpp = [](double leaf_area, double radiation, double co2) {
    return dalec::gross_primary_production(leaf_area, {180, 12, 25, radiation, co2},
                                           canopy(42.5, 20));
  };
  const auto saturates = [](double low, double middle, double high) {
    return low < middle && middle < high && high - middle < middle - low;
  };
  CHECK(saturates(gpp(3, 5, 400), gpp(3, 15, 400), gpp(3, 25, 400)));
  CHECK(saturates(gpp(3, 15, 300), gpp(3, 15, 500), gpp(3, 15, 700)));
  CHECK(saturates(gpp(1, 15, 400), gpp(3, 15, 400), gpp(5, 15, 400)));
}

TEST_CASE("dalec::seasonal_rate: agrees with an independent implementation")
{
  CHECK(dalec::seasonal_rate(125, 125, 30, 1.001) == nearly(0.0847985012768134));
  CHECK(dalec::seasonal_rate(110, 125, 30, 1.001) == nearly(0.0157167809328028));
  CHECK(dalec::seasonal_rate(285, 285, 45, 1.02) == nearly(0.0436955728504387));
  CHECK(dalec::seasonal_rate(285, 285, 45, 4.0) == nearly(0.00506874283378037));
  CHECK(dalec::seasonal_rate(1, 360, 20, 2.5) == nearly(0.0186122670112513));
}

TEST_CASE("dalec::seasonal_rate: over a year a lifespan of L years leaves 1 - 1/L of the pool")
{
  // Integral of the bell over a year: ln(L / (L - 1)); so exp(-integral) = 1 - 1/L. The sine
  // instead of the day in the exponent adds a few percent, more the longer the event lasts.
  for (const double lifespan : {1.02, 1.5, 2.5, 4.0}) {
    CAPTURE(lifespan);
    CHECK(seasonal_sum(285, 30, lifespan) ==
          Approx(std::log(lifespan / (lifespan - 1))).epsilon(0.02));
  }
}

TEST_CASE("dalec::temperature_response: one at freezing and exponential above")
{
  const dalec::Parameters parameters{.temperature_factor = 0.05};
  CHECK(dalec::temperature_response({1, -4, 4, 0, 400}, parameters) == 1.0);
  CHECK(dalec::temperature_response({1, 10, 30, 0, 400}, parameters) == nearly(std::exp(1.0)));
}

TEST_CASE("dalec::fluxes_of_day: shares and turnover of a case computed by hand")
{
  const dalec::Parameters parameters{.decomposition = 0.001,
                                     .autotrophic_fraction = 0.5,
                                     .foliage_fraction = 0.2,
                                     .root_fraction = 0.5,
                                     .leaf_lifespan = 2,
                                     .wood_turnover = 0.0001,
                                     .root_turnover = 0.01,
                                     .litter_turnover = 0.002,
                                     .soil_turnover = 0.0005,
                                     .temperature_factor = 0.07,
                                     .canopy_efficiency = 20,
                                     .leaf_onset_day = 120,
                                     .labile_fraction = 0.25,
                                     .labile_release_days = 30,
                                     .leaf_fall_day = 290,
                                     .leaf_fall_days = 30,
                                     .leaf_mass_per_area = 50,
                                     .latitude = 42.5};
  const dalec::Pools pools{100, 150, 200, 5000, 300, 8000};
  // Mean temperature 0: the temperature response is 1.
  const auto flux = dalec::fluxes_of_day(pools, {200, -5, 5, 15, 400}, parameters);

  const double npp = flux.gpp / 2;
  CHECK(flux.gpp > 1.0);
  CHECK(flux.autotrophic_respiration == nearly(npp));
  CHECK(flux.to_foliage == nearly(0.2 * npp));  // then 0.8 is left
  CHECK(flux.to_labile == nearly(0.2 * npp));   // 0.25 of 0.8; then 0.6 is left
  CHECK(flux.to_roots == nearly(0.3 * npp));    // half of 0.6
  CHECK(flux.to_wood == nearly(0.3 * npp));
  CHECK(flux.root_litter == nearly(2.0));         // 200 * 0.01
  CHECK(flux.wood_litter == nearly(0.5));         // 5000 * 0.0001
  CHECK(flux.litter_respiration == nearly(0.6));  // 300 * 0.002
  CHECK(flux.decomposition == nearly(0.3));       // 300 * 0.001
  CHECK(flux.soil_respiration == nearly(4.0));    // 8000 * 0.0005
  CHECK(flux.nee() == nearly(4.6 - npp));

  const auto after = dalec::pools_after(pools, flux);
  CHECK(after.roots == nearly(198 + 0.3 * npp));
  CHECK(after.wood == nearly(4999.5 + 0.3 * npp));
  CHECK(after.soil == nearly(8000 + 0.5 + 0.3 - 4.0));
  CHECK(after.litter == nearly(300 + flux.foliage_litter + 2.0 - 0.6 - 0.3));
  CHECK(after.total() == nearly(pools.total() - flux.nee()));
}

TEST_CASE("dalec::run: the example year agrees with an independent implementation")
{
  const auto days = run_example(dalec::read_setup(k_example / "parameters.csv"));
  REQUIRE(days.size() == 365);

  const auto& spring = days.at(124);
  CHECK(spring.leaf_area == nearly(1.80673410555298));
  CHECK(spring.fluxes.gpp == nearly(4.6904330477435));
  CHECK(spring.fluxes.labile_release == nearly(6.86233531307293));
  CHECK(spring.pools.labile == nearly(74.7380388689929));

  const auto& autumn = days.at(284);
  CHECK(autumn.fluxes.foliage_litter == nearly(5.25651328772027));
  CHECK(autumn.pools.foliage == nearly(115.103527543494));

  const auto& last = days.back().pools;
  CHECK(last.labile == nearly(152.944654099943));
  CHECK(last.foliage == nearly(4.06013807380918));
  CHECK(last.roots == nearly(182.176809976276));
  CHECK(last.wood == nearly(9139.95730554363));
  CHECK(last.litter == nearly(319.237514560313));
  CHECK(last.soil == nearly(9886.91988788397));

  double gpp = 0;
  double heterotrophic = 0;
  for (const auto& day : days) {
    gpp += day.fluxes.gpp;
    heterotrophic += day.fluxes.heterotrophic_respiration();
  }
  CHECK(gpp == nearly(1405.68928810409));
  CHECK(heterotrophic == nearly(624.719012557227));
}

TEST_CASE("dalec::balance_of: carbon out of the air equals carbon kept over a year")
{
  auto setup = dalec::read_setup(k_example / "parameters.csv");
  for (const double efficiency : {5.0, 16.0, 60.0}) {
    setup.parameters.canopy_efficiency = efficiency;
    const auto days = run_example(setup);
    const auto balance = dalec::balance_of(setup.pools, days);
    CHECK(balance.closes());
    CHECK(balance.exchanged == Approx(balance.stored).epsilon(1e-9));
    CHECK(balance.error() < 1e-13);
  }
}

TEST_CASE("dalec::balance_of: a gram that vanishes is seen")
{
  const auto setup = dalec::read_setup(k_example / "parameters.csv");
  auto days = run_example(setup);
  days.back().pools.soil -= 1.0;
  CHECK_FALSE(dalec::balance_of(setup.pools, days).closes());
}

TEST_CASE("dalec::run: a pool that would fall below zero is an error that names the row")
{
  auto setup = dalec::read_setup(k_example / "parameters.csv");
  setup.parameters.litter_turnover = 0.9;
  setup.parameters.decomposition = 0.9;
  CHECK_THROWS_WITH_AS(run_example(setup), doctest::Contains("row 1"), dalec::InputError);
}
