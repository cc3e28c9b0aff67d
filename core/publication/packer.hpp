// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "core/publication/pieces.hpp"

namespace pecanctl::publication {

/// The rows of one bucket of one table, as they are in its CSV file.
struct Bucket {
  std::size_t table = 0;  ///< index, whosever
  std::int64_t number = 0;
  std::uint64_t rows = 0;
  std::string text = {};
};

/// A bucket on its way into the tarball.
struct PackedBucket {
  std::size_t table = 0;
  std::int64_t number = 0;
  std::uint64_t rows = 0;
  std::uint64_t size = 0;  ///< of the rows' text, bytes
  PackedRows packed = {};
};

/// Packs buckets on several threads and gives them back in the order in which they came. Memory is
/// bounded by who puts: no more than `room()` are put before one is taken.
class Packer {
 public:
  Packer(PieceFolder& pieces, int level, unsigned threads);
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;
  ~Packer();

  std::size_t room() const { return 2 * threads_.size() + 2; }

  /// How many were put and not taken.
  std::size_t waiting() const { return waiting_; }

  void put(Bucket bucket);
  /// The oldest; waits until it is packed. @throws Error of packing it.
  PackedBucket take();

 private:
  struct Job {
    Bucket bucket;
    PackedBucket result = {};
    std::exception_ptr error = {};
    bool is_done = false;
  };

  void work(const std::stop_token& stop, int level);

  PieceFolder& pieces_;
  std::size_t waiting_ = 0;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::unique_ptr<Job>> jobs_;  ///< in order; the first may be done
  std::deque<Job*> todo_;
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

}  // namespace pecanctl::publication
