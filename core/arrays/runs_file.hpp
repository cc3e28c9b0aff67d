// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pecanctl::arrays {

/// The run folders that `text`, PEcAn's runs.txt at `path`, lists: <folder of runs.txt>/<id>, an id
/// a line. Source: PEcAn base/workflow/R/start_model_runs.R. @throws Error invalid when a line is
/// no id.
std::vector<std::string> parse_runs_file(std::string_view text, std::string_view path);

}  // namespace pecanctl::arrays
