// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/data_access.hpp"
#include "core/tasks/task.hpp"

namespace pecanctl::tasks {

/// No chunk is larger: one at a time is held in memory.
inline constexpr std::size_t k_chunk_limit = std::size_t{64} << 20U;

/// One part of an input: the file "input", or files below the folder "input".
struct ChunkContent {
  std::vector<engine::NewFile> files = {};
};

/// Gives the chunks of an input one after the other, always the same ones for the same input.
class ChunkSource {
 public:
  virtual ~ChunkSource() = default;
  /// Nothing at the end. @throws Error invalid (what cannot be cut), not_found, denied.
  virtual std::optional<ChunkContent> next() = 0;
};

/// Opens `input`, whose paths are relative to `folder`. @throws Error invalid, not_found, denied.
std::unique_ptr<ChunkSource> open_chunks(const Input& input, const std::filesystem::path& folder);

/// The files that names, patterns and folders stand for, each once, sorted: paths relative to
/// `folder`. @throws Error invalid with all that match nothing, or lie outside.
std::vector<std::string> list_input_files(const std::vector<std::string>& words,
                                          const std::filesystem::path& folder);

}  // namespace pecanctl::tasks
