// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

namespace pecanctl::cli {

class Context;

/// What `deploy [SERVICE…]` does. No services: all of them.
void deploy_services(const std::vector<std::string>& services, Context& context);

}  // namespace pecanctl::cli
