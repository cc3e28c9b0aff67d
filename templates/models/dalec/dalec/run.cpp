// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "templates/models/dalec/dalec/run.hpp"

#include <algorithm>
#include <cmath>

namespace dalec {

std::vector<Day> run(const Setup& setup, const std::vector<Weather>& weather)
{
  std::vector<Day> days;
  days.reserve(weather.size());
  auto pools = setup.pools;
  for (const auto& today : weather) {
    const auto fluxes = fluxes_of_day(pools, today, setup.parameters);
    const double leaf_area = leaf_area_index(pools, setup.parameters);
    pools = pools_after(pools, fluxes);
    if (std::min({pools.labile, pools.foliage, pools.roots, pools.wood, pools.litter, pools.soil}) <
        0) {
      throw InputError{"day " + std::to_string(today.day_of_year) + " (row " +
                       std::to_string(days.size() + 1) +
                       "): more carbon leaves a pool than it holds; lower the turnover rates"};
    }
    days.push_back({.day_of_year = today.day_of_year,
                    .leaf_area = leaf_area,
                    .fluxes = fluxes,
                    .pools = pools});
  }
  return days;
}

double Balance::error() const
{
  return std::abs(exchanged - stored) / std::max(total, 1.0);
}

Balance balance_of(const Pools& initial, const std::vector<Day>& days)
{
  Balance balance;
  for (const auto& day : days) {
    balance.exchanged -= day.fluxes.nee();
  }
  balance.total = days.back().pools.total();
  balance.stored = balance.total - initial.total();
  return balance;
}

}  // namespace dalec
