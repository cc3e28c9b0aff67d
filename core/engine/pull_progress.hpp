// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "core/docker/engine.hpp"

namespace pecanctl::engine {

/// A pull as a whole, made of what the engine says about one layer at a time. Source: the stream of
/// POST /images/create ("Pulling fs layer", "Downloading", "Download complete", "Extracting",
/// "Pull complete", "Already exists").
class PullProgress {
 public:
  /// Bytes fetched and unpacked, of twice the size of the layers whose size is known: fetching and
  /// unpacking are half each. Neither number ever goes down.
  struct Picture {
    std::string state;          ///< "2 of 5 layers"
    std::uint64_t current = 0;  ///< bytes
    std::uint64_t total = 0;    ///< bytes; 0 while no size is known
  };

  /// Takes one line of the stream in.
  Picture add(const docker::BuildProgress& line);

 private:
  struct Layer {
    std::uint64_t size = 0;
    std::uint64_t fetched = 0;
    std::uint64_t unpacked = 0;
    bool is_done = false;
  };

  static void advance(Layer& layer, const docker::BuildProgress& line);

  std::map<std::string, Layer> layers_;
  Picture shown_;
};

}  // namespace pecanctl::engine
