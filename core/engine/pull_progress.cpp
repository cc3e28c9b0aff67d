// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/pull_progress.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace pecanctl::engine {

void PullProgress::advance(Layer& layer, const docker::BuildProgress& line)
{
  layer.size = std::max(layer.size, line.total);
  if (line.status == "Downloading") {
    layer.fetched = line.current;
  } else if (line.status == "Extracting") {
    layer.fetched = layer.size;
    layer.unpacked = line.current;
  } else if (line.status == "Verifying Checksum" || line.status == "Download complete") {
    layer.fetched = layer.size;
  } else if (line.status == "Pull complete" || line.status == "Already exists") {
    layer.fetched = layer.unpacked = layer.size;
    layer.is_done = true;
  }
}

PullProgress::Picture PullProgress::add(const docker::BuildProgress& line)
{
  // Lines about the image as a whole: "Pulling from …" carries the tag where layers have their id.
  if (line.id.empty() || line.status.starts_with("Pulling from")) {
    return shown_;
  }
  advance(layers_[line.id], line);
  std::uint64_t current = 0;
  std::uint64_t total = 0;
  for (const auto& [id, layer] : layers_) {
    current += layer.fetched + layer.unpacked;
    total += 2 * layer.size;
  }
  const auto done =
      std::ranges::count_if(layers_, [](const auto& row) { return row.second.is_done; });
  shown_.state = fmt::format("{} of {} layers", done, layers_.size());
  shown_.current = std::max(shown_.current, current);
  shown_.total = std::max(shown_.total, total);
  return shown_;
}

}  // namespace pecanctl::engine
