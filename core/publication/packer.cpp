// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/publication/packer.hpp"

#include <algorithm>
#include <utility>

namespace pecanctl::publication {

Packer::Packer(PieceFolder& pieces, int level, unsigned threads) : pieces_{pieces}
{
  threads_.reserve(std::max(threads, 1U));
  for (unsigned i = 0; i < std::max(threads, 1U); ++i) {
    threads_.emplace_back([this, level](const std::stop_token& stop) { work(stop, level); });
  }
}

Packer::~Packer()
{
  for (auto& thread : threads_) {
    thread.request_stop();
  }
}

void Packer::put(Bucket bucket)
{
  auto job = std::make_unique<Job>();
  job->bucket = std::move(bucket);
  {
    const std::lock_guard lock{mutex_};
    todo_.push_back(job.get());
    jobs_.push_back(std::move(job));
  }
  ++waiting_;
  changed_.notify_all();
}

PackedBucket Packer::take()
{
  std::unique_ptr<Job> job;
  {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return jobs_.front()->is_done; });
    job = std::move(jobs_.front());
    jobs_.pop_front();
  }
  --waiting_;
  if (job->error) {
    std::rethrow_exception(job->error);
  }
  return std::move(job->result);
}

void Packer::work(const std::stop_token& stop, int level)
{
  Compressor compressor{level};
  Decompressor decompressor;
  for (;;) {
    Job* job = nullptr;
    {
      std::unique_lock lock{mutex_};
      if (!changed_.wait(lock, stop, [&] { return !todo_.empty(); }) || stop.stop_requested()) {
        return;
      }
      job = todo_.front();
      todo_.pop_front();
    }
    try {
      auto& bucket = job->bucket;
      job->result = {.table = bucket.table,
                     .number = bucket.number,
                     .rows = bucket.rows,
                     .size = bucket.text.size(),
                     .packed = pieces_.pack(bucket.text, compressor, decompressor)};
      bucket.text = {};
    } catch (...) {  // whoever takes it gets it
      job->error = std::current_exception();
    }
    {
      const std::lock_guard lock{mutex_};
      job->is_done = true;
    }
    changed_.notify_all();
  }
}

}  // namespace pecanctl::publication
