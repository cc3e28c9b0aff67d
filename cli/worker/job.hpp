// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace pecanctl::worker {

inline constexpr std::size_t k_body_limit = std::size_t{64} << 10U;  ///< bytes of a message

/// What a message asks for.
struct Job {
  std::filesystem::path folder = {};  ///< absolute
};

/// Reads {"folder": "/data/…"}; other keys are ignored, except those of model.py that would run a
/// command of the sender (custom_application, rebuild, pecan_xml). @throws Error invalid; denied
/// for those.
Job parse_job(std::string_view body);

/// The folder a message that `parse_job` refuses may mean, so that its sender can be answered
/// there.
std::optional<std::filesystem::path> find_folder(std::string_view body);

}  // namespace pecanctl::worker
