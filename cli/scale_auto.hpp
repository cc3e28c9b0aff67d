// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/deployment/index.hpp"

namespace pecanctl::cli {

class Context;

/// What `scale` does other than setting counts.
enum class ScaleMode { look, resume, pause, pause_up, pause_down };

/// `models`: those meant; empty: all whose queue decides.
void run_scale_mode(ScaleMode mode, const std::set<std::string>& models, Context& context);

/// What somebody sets by hand stays: the queue of each of these models decides no longer, until
/// --resume. Nothing for models without `scale:`.
void pause_after_scale(Context& context, const std::map<std::string, int>& replicas,
                       deployment::Index& index);

}  // namespace pecanctl::cli
