// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

namespace pecanctl::tasks {

/// How far apart two numbers may be.
struct Tolerance {
  double absolute = 0;
  double relative = 0;  ///< as a part of the larger of the two
};

/// Whether two CSV texts (RFC 4180) have the same rows and cells: numbers within the tolerance, NaN
/// like NaN and each infinity like itself, everything else letter by letter. Pure.
bool is_same_csv(std::string_view left, std::string_view right, const Tolerance& tolerance);

}  // namespace pecanctl::tasks
