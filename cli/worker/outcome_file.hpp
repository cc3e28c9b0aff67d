// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace pecanctl::worker {

enum class Status { ok, error };

/// "OK" or "ERROR".
std::string_view to_string(Status status);

/// `bytes` as Python 3 prints a bytes object: b'…', or b"…" when it has an apostrophe and no
/// quotation mark.
std::string python_repr(std::string_view bytes);

/// Writes `rabbitmq.out` as PEcAn's model.py does: the captured output as Python prints bytes, then
/// OK or ERROR. Appears wholly or not at all, on disk when this returns. @throws Error.
void write_outcome(const std::filesystem::path& folder, std::string_view output, Status status);

/// The status in `rabbitmq.out`; nothing when there is none, or it is not whole.
std::optional<Status> find_outcome(const std::filesystem::path& folder);

/// Makes sure, down to the disk, that there is no `rabbitmq.out`. @throws Error.
void remove_outcome(const std::filesystem::path& folder);

}  // namespace pecanctl::worker
