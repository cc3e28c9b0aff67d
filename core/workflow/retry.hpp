// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "core/base/cancel.hpp"
#include "core/engine/data_access.hpp"
#include "core/workflow/job.hpp"

namespace pecanctl::workflow {

/// Where PEcAn puts the products of the run folder `folder`: "…/out/<id>" of "…/run/<id>".
std::optional<std::string> out_folder(std::string_view folder);

/// Removes what makes another attempt look successful: the outcome, and in PEcAn's layout the
/// products (SIPNET's job.sh skips the model where its output file is, even an empty one). The log
/// stays as logfile.attempt<n>.txt. May be repeated. @throws Error denied when the files cannot be
/// changed.
void clear_for_retry(engine::DataAccess& data, const Job& job, const Deadline& deadline,
                     std::stop_token stop);

}  // namespace pecanctl::workflow
