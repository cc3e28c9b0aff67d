// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace pecanctl::cli {

class Context;

/// `status --all`: every instance on this machine and in Consul, a line each. Consul that does not
/// answer is a warning.
void list_all_instances(Context& context);

}  // namespace pecanctl::cli
