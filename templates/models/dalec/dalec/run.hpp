// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "templates/models/dalec/dalec/io.hpp"

#include <vector>

namespace dalec {

/// Steps through every day.
/// @throws InputError when a pool would fall below zero: the turnover rates do not fit the weather.
std::vector<Day> run(const Setup& setup, const std::vector<Weather>& weather);

/// Carbon in against carbon kept, over a whole run, gC m-2.
struct Balance {
  double exchanged = 0;  ///< minus the sum of NEE: what came out of the air
  double stored = 0;     ///< how much the pools grew
  double total = 0;      ///< all carbon at the end; what rounding is measured against

  /// |exchanged - stored| as a share of the total.
  double error() const;

  /// Whether only rounding separates the two.
  bool closes() const { return error() <= 1e-9; }
};

/// @pre `days` is not empty.
Balance balance_of(const Pools& initial, const std::vector<Day>& days);

}  // namespace dalec
