// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include "cli/agent.hpp"

namespace pecanctl::cli {

/// Gives site numbers to hosts that ask as PEcAn's web/setups of 2017 did, at `site.requests` of
/// pecan.yml; does nothing where that is not said.
std::unique_ptr<Duty> make_register_duty(const DutyBench& bench);

}  // namespace pecanctl::cli
