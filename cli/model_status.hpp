// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>

namespace pecanctl::cli {

class Context;

/// How long `status --models` listens: a little longer than workers are silent.
inline constexpr std::chrono::seconds k_listen_for{6};

/// The catalogue, and who of it lives: listens to the workers for `duration`.
void show_models(Context& context, std::chrono::milliseconds duration);

}  // namespace pecanctl::cli
