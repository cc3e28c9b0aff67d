// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/base/redact.hpp"

namespace pecanctl::cli {

class Context;

/// What takes the instance's secrets, and tokens of our own environment, out of foreign text. A
/// warning when the instance's secrets cannot be read: then they are not known.
Redactor make_redactor(Context& context);

}  // namespace pecanctl::cli
