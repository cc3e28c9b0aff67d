// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace pecanctl::cli {

class Context;

/// Makes the context's pecan.yml that of an earlier revision, read from the history in Consul:
/// `revision`, or the one before what runs when it is 0. Changes nothing else.
/// @throws Error not_found when history does not have it; unreachable without a Consul
void use_past_revision(Context& context, int revision);

/// Puts that text into the file; what stood there goes to `pecan.yml.replaced`.
void write_past_revision(Context& context);

}  // namespace pecanctl::cli
