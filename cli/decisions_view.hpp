// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <nlohmann/json.hpp>
#include <span>

#include "core/scaling/record.hpp"

namespace pecanctl::cli {

class Context;

/// Decisions of the scaler, as a table for people; with --json a record `decision` each.
void print_decisions(Context& context, std::span<const scaling::Row> rows);

/// `status --decisions`: the last `count` of the instance, as one document with --json.
void show_decisions(Context& context, int count);

}  // namespace pecanctl::cli
