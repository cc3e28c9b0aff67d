// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/inspection/doctor.hpp"

namespace pecanctl::cli {

struct DoctorStyle {
  bool has_unicode = true;
  bool has_color = false;
  int columns = 0;  ///< of the terminal: lines are broken between words; 0: never
};

/// A check and its finding, the fix below it. Lines without their end.
std::vector<std::string> render_examined(const inspection::Examined& result,
                                         const DoctorStyle& style);

/// "17 checks: 14 ok, 1 failed, 2 skipped".
std::string summarize(const std::vector<inspection::Examined>& results);

nlohmann::json to_json(const std::vector<inspection::Examined>& results);

}  // namespace pecanctl::cli
