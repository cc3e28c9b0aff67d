// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/inspection/doctor.hpp"

namespace pecanctl::cli {

class Context;

/// What doctor examines. Asks nobody but the file system; what is wrong with pecan.yml or the
/// secrets is in the result.
inspection::Subject make_subject(Context& context);

}  // namespace pecanctl::cli
