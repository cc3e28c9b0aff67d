// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>

namespace pecanctl::cli {

class Context;

/// `status --watch`: a dashboard until q or Ctrl-C; off a terminal a screen of plain text every
/// `interval`, with --json a document. Ends also when nobody reads any more.
/// @throws Error when there is no such instance; Cancelled, but not by Ctrl-C.
void watch_instance(Context& context, std::chrono::milliseconds interval);

}  // namespace pecanctl::cli
