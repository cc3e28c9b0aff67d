// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "core/inspection/doctor.hpp"

namespace pecanctl::cli {

class Context;

/// Writes what somebody needs who helps from afar to `file` (mode 0600), and says where to send it:
/// versions, pecan.yml, status, doctor, plan, the last 200 log lines of each container, what Docker
/// says about itself; all without secrets. What cannot be had is told in its place.
void write_report(Context& context, const inspection::Subject& subject,
                  const std::vector<inspection::Examined>& results, const std::string& file);

}  // namespace pecanctl::cli
