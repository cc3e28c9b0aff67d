// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace pecanctl::worker {

/// Whether another process of this program, in this container, has a TCP connection that stands.
/// Looks at /proc only, so it works without a shell, a writable folder, or a port.
bool is_worker_connected();

}  // namespace pecanctl::worker
