// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/postgres/database.hpp"
#include "core/registration/model_info.hpp"

/// A model's rows in BETY: those that PEcAn's monitor writes when it first hears of the model,
/// found by the same keys, so that either finds what the other wrote. Source: PEcAn,
/// docker/monitor/monitor.py.
namespace pecanctl::registration {

/// The tables, of machines, modeltypes, models and dbfiles, that still lack their row.
/// @throws Error conflict when the binary is another model's on that host; not_found without tables
std::vector<std::string> find_missing_rows(postgres::Database& database, const std::string& host,
                                           const ModelInfo& model, const Deadline& deadline,
                                           const std::stop_token& stop);

/// Adds what is missing, in one transaction; returns to which tables. @throws as find_missing_rows
std::vector<std::string> add_missing_rows(postgres::Database& database, const std::string& host,
                                          const ModelInfo& model, const Deadline& deadline,
                                          const std::stop_token& stop);

}  // namespace pecanctl::registration
