// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "core/arrays/table.hpp"

namespace pecanctl::arrays {

/// "site/US-NR1/pft/conifer": where the results of a row go, below the folder of all. What could
/// not be the name of a folder is percent-encoded. Source: GNU parallel, --results with --header.
std::string result_path(const Table& table, std::size_t row);

/// The same of a job that is of no row: its folder's path.
std::string result_path(std::string_view folder);

}  // namespace pecanctl::arrays
