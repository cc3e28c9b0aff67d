// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "templates/models/dalec/dalec/model.hpp"

#include <array>
#include <cmath>
#include <numbers>

namespace dalec {
namespace {

// ACM's fitted coefficients [F09]; a1, the efficiency of the canopy, is parameter p11.
constexpr double k_a2_day_length = 0.0156935;              // h-1
constexpr double k_a3_co2_compensation = 4.22273;          // ppm
constexpr double k_a4_co2_half_saturation = 208.868;       // ppm
constexpr double k_a5_day_length_offset = 0.0453194;       // 1
constexpr double k_a6_hydraulic = 0.37836;                 // 1
constexpr double k_a7_max_quantum_yield = 7.19298;         // gC MJ-1 m2 d-1
constexpr double k_a8_temperature = 0.011136;              // degC-1
constexpr double k_a9_leaf_area_half_saturation = 2.1001;  // m4 m-4
constexpr double k_a10_water_potential = 0.789798;         // 1

constexpr double k_water_potential_difference = -2.0;  // MPa
constexpr double k_hydraulic_resistance = 1.0;         // MPa s m2 mmol-1
constexpr double k_days_per_year = 365.25;
// Labile carbon is gone after one season: a lifespan just above one year [BW15].
constexpr double k_labile_lifespan = 1.001;

double radians(double degrees)
{
  return degrees * std::numbers::pi / 180.0;
}

/// Daily canopy conductance for CO2, gC m-2 d-1 ppm-1 [W97].
double canopy_conductance(const Weather& weather)
{
  const double half_range = 0.5 * (weather.tmax - weather.tmin);
  return std::pow(std::abs(k_water_potential_difference), k_a10_water_potential) /
         (k_a6_hydraulic * k_hydraulic_resistance + half_range);
}

/// CO2 inside the leaf, ppm: where what diffuses in equals what is fixed (the larger root) [W97].
double internal_co2(double leaf_area, double conductance, const Weather& weather,
                    const Parameters& parameters)
{
  const double p = leaf_area * parameters.canopy_efficiency *
                   std::exp(k_a8_temperature * weather.tmax) / conductance;
  const double q = k_a3_co2_compensation - k_a4_co2_half_saturation;
  const double sum = weather.co2 + q - p;
  const double product = weather.co2 * q - p * k_a3_co2_compensation;
  return 0.5 * (sum + std::sqrt(sum * sum - 4.0 * product));
}

/// Days by which the bell is moved so that its peak lies where [BW15] define it: their polynomial
/// in ln(lifespan - 1), highest power first, times the width of the bell.
double seasonal_offset(double lifespan, double width)
{
  constexpr std::array<double, 7> k_coefficients{
      0.000023599784710,  0.000332730053021, 0.000901865258885, -0.005437736864888,
      -0.020836027517787, 0.126972018064287, -0.188459767342504};
  const double x = std::log(lifespan - 1.0);
  double value = 0.0;
  for (const double coefficient : k_coefficients) {
    value = value * x + coefficient;
  }
  return value * width;
}

}  // namespace

double leaf_area_index(const Pools& pools, const Parameters& parameters)
{
  return pools.foliage / parameters.leaf_mass_per_area;
}

double day_length(int day_of_year, double latitude)
{
  const double declination = -radians(23.4) * std::cos(radians(360.0 * (day_of_year + 10) / 365.0));
  const double cosine = std::tan(radians(latitude)) * std::tan(declination);
  if (cosine >= 1.0) {
    return 24.0;
  }
  return cosine <= -1.0 ? 0.0 : 24.0 * std::acos(-cosine) / std::numbers::pi;
}

double gross_primary_production(double leaf_area, const Weather& weather,
                                const Parameters& parameters)
{
  if (leaf_area <= 0.0 || weather.radiation <= 0.0) {
    return 0.0;
  }
  const double conductance = canopy_conductance(weather);
  const double diffusion =
      conductance * (weather.co2 - internal_co2(leaf_area, conductance, weather, parameters));
  const double leaf_area_squared = leaf_area * leaf_area;
  const double light = k_a7_max_quantum_yield * leaf_area_squared /
                       (leaf_area_squared + k_a9_leaf_area_half_saturation) * weather.radiation;
  return light * diffusion / (light + diffusion) *
         (k_a2_day_length * day_length(weather.day_of_year, parameters.latitude) +
          k_a5_day_length_offset);
}

double seasonal_rate(int day_of_year, double peak_day, double length, double lifespan)
{
  const double width = length * std::numbers::sqrt2 / 2.0;
  const double magnitude = 0.5 * std::log(lifespan / (lifespan - 1.0));
  const double season = k_days_per_year / std::numbers::pi;
  const double phase = (day_of_year - peak_day + seasonal_offset(lifespan, width)) / season;
  const double distance = std::sin(phase) * season / width;
  return 2.0 * std::numbers::inv_sqrtpi * magnitude / width * std::exp(-distance * distance);
}

double temperature_response(const Weather& weather, const Parameters& parameters)
{
  return std::exp(parameters.temperature_factor * 0.5 * (weather.tmax + weather.tmin));
}

Fluxes fluxes_of_day(const Pools& pools, const Weather& weather, const Parameters& parameters)
{
  const auto& p = parameters;
  Fluxes flux;
  flux.gpp = gross_primary_production(leaf_area_index(pools, p), weather, p);
  flux.autotrophic_respiration = p.autotrophic_fraction * flux.gpp;

  // Each share is of what the ones before it left; wood takes the rest.
  double left = flux.gpp - flux.autotrophic_respiration;
  flux.to_foliage = p.foliage_fraction * left;
  left -= flux.to_foliage;
  flux.to_labile = p.labile_fraction * left;
  left -= flux.to_labile;
  flux.to_roots = p.root_fraction * left;
  flux.to_wood = left - flux.to_roots;

  const int day = weather.day_of_year;
  flux.labile_release =
      pools.labile * seasonal_rate(day, p.leaf_onset_day, p.labile_release_days, k_labile_lifespan);
  flux.foliage_litter =
      pools.foliage * seasonal_rate(day, p.leaf_fall_day, p.leaf_fall_days, p.leaf_lifespan);
  flux.root_litter = pools.roots * p.root_turnover;
  flux.wood_litter = pools.wood * p.wood_turnover;

  const double warmth = temperature_response(weather, p);
  flux.litter_respiration = pools.litter * p.litter_turnover * warmth;
  flux.soil_respiration = pools.soil * p.soil_turnover * warmth;
  flux.decomposition = pools.litter * p.decomposition * warmth;
  return flux;
}

Pools pools_after(const Pools& pools, const Fluxes& flux)
{
  return {.labile = pools.labile + flux.to_labile - flux.labile_release,
          .foliage = pools.foliage + flux.to_foliage + flux.labile_release - flux.foliage_litter,
          .roots = pools.roots + flux.to_roots - flux.root_litter,
          .wood = pools.wood + flux.to_wood - flux.wood_litter,
          .litter = pools.litter + flux.foliage_litter + flux.root_litter -
                    flux.litter_respiration - flux.decomposition,
          .soil = pools.soil + flux.wood_litter + flux.decomposition - flux.soil_respiration};
}

}  // namespace dalec
