// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/tasks/bundle.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/secret.hpp"
#include "core/tasks/chunks.hpp"
#include "core/tasks/layout.hpp"
#include "core/tasks/manifest.hpp"

namespace pecanctl::tasks {
namespace {

constexpr std::size_t k_folders_at_once = 200;
constexpr std::size_t k_bytes_at_once = std::size_t{8} << 20U;
constexpr std::size_t k_shown_digits = 12;

// The manifest of a chunk's input.
std::string list_chunk(const std::string& name, const ChunkContent& chunk)
{
  std::vector<ListedFile> files;
  for (const auto& file : chunk.files) {
    files.push_back({.size = file.content.size(),
                     .sha256 = sha256_hex(file.content),
                     .name = unit_path("", "map", name).substr(1) + "/" + file.path});
  }
  return render_list(files);
}

std::size_t size_of(const ChunkContent& chunk)
{
  std::size_t bytes = 0;
  for (const auto& file : chunk.files) {
    bytes += file.content.size();
  }
  return bytes;
}

std::string make_root(const Task& task, const Surroundings& surroundings,
                      const std::vector<Unit>& chunks)
{
  Sha256 digest;
  digest.update(render_identity(task));
  digest.update(surroundings.image_id + "\n");
  digest.update(surroundings.harness);
  for (const auto& chunk : chunks) {
    digest.update(chunk.digest);
  }
  return fmt::format("tasks/{}-{}", task.name, digest.finish().substr(0, k_shown_digits));
}

// Collects folders and makes as many at once as fit.
class FolderBatch {
 public:
  FolderBatch(engine::DataAccess& data, const Deadline& deadline, const std::stop_token& stop)
      : data_{data},
        deadline_{deadline},
        stop_{stop}
  {
  }

  void add(engine::NewFolder folder)
  {
    for (const auto& file : folder.files) {
      bytes_ += file.content.size();
    }
    folders_.push_back(std::move(folder));
    if (folders_.size() == k_folders_at_once || bytes_ > k_bytes_at_once) {
      flush();
    }
  }

  void flush()
  {
    if (!folders_.empty()) {
      data_.make_folders(folders_, deadline_, stop_);
    }
    folders_.clear();
    bytes_ = 0;
  }

 private:
  engine::DataAccess& data_;
  const Deadline& deadline_;
  const std::stop_token& stop_;
  std::vector<engine::NewFolder> folders_;
  std::size_t bytes_ = 0;
};

engine::NewFolder make_chunk_folder(const Task& task, const std::string& root, const Unit& unit,
                                    ChunkContent chunk, std::string list)
{
  engine::NewFolder folder{.path = unit_path(root, "map", unit.name),
                           .files = std::move(chunk.files)};
  folder.files.push_back({.path = "chunk", .content = std::move(list)});
  const JobRule rule{.quorum = task.quorum, .timeout = task.timeout};
  for (int slot = 0; slot < task.quorum; ++slot) {
    auto job = make_job(rule, unit.digest);
    job.path = fmt::format("r{}/{}", slot + 1, job.path);
    folder.files.push_back(std::move(job));
  }
  return folder;
}

engine::NewFolder make_task_folder(const Task& task, const Surroundings& surroundings,
                                   const Bundle& bundle)
{
  engine::NewFolder folder{.path = bundle.root + "/task"};
  folder.files.push_back({.path = "harness.sh", .content = surroundings.harness, .mode = 0755});
  folder.files.push_back({.path = "commands.sh", .content = render_commands(task)});
  folder.files.push_back(
      {.path = "identity",
       .content = fmt::format("image {}\n{}", surroundings.image_id, render_identity(task))});
  std::string chunks;
  for (const auto& chunk : bundle.chunks) {
    chunks += fmt::format("chunk {} {} {}\n", chunk.size, chunk.digest, chunk.name);
  }
  folder.files.push_back({.path = "chunks", .content = std::move(chunks)});
  for (auto file : task.program) {
    file.path = "program/" + file.path;
    folder.files.push_back(std::move(file));
  }
  return folder;
}

Error changed_input(const Task& task)
{
  return Error{{.code = ErrorCode::invalid,
                .what = fmt::format("cannot run the task {}", task.name),
                .why = "its input changed while it was read",
                .hint = "run the same command again when nobody writes to it"}};
}

}  // namespace

Bundle survey(const Task& task, const Surroundings& surroundings, const std::stop_token& stop)
{
  Bundle bundle;
  const auto source = open_chunks(task.input, task.folder);
  while (const auto chunk = source->next()) {
    check_stop(stop);
    auto name = chunk_name(bundle.chunks.size());
    auto digest = sha256_hex(list_chunk(name, *chunk));
    bundle.chunks.push_back(
        {.name = std::move(name), .digest = std::move(digest), .size = size_of(*chunk)});
    bundle.bytes += bundle.chunks.back().size;
  }
  if (bundle.chunks.empty()) {
    throw Error{{.code = ErrorCode::invalid,
                 .what = fmt::format("cannot run the task {}", task.name),
                 .why = "its input is empty: there is no chunk",
                 .hint = "look at `input` in the task file",
                 .has_changed_nothing = true}};
  }
  bundle.root = make_root(task, surroundings, bundle.chunks);
  return bundle;
}

bool is_made(engine::DataAccess& data, const Bundle& bundle, const Deadline& deadline,
             const std::stop_token& stop)
{
  const auto path = bundle.root + "/task";
  return data.look(std::span{&path, 1}, deadline, stop).front().has_value();
}

void make_bundle(engine::DataAccess& data, const Task& task, const Surroundings& surroundings,
                 const Bundle& bundle, const OnMade& on_made, const Deadline& deadline,
                 const std::stop_token& stop)
{
  FolderBatch batch{data, deadline, stop};
  const auto source = open_chunks(task.input, task.folder);
  std::size_t made = 0;
  while (auto chunk = source->next()) {
    check_stop(stop);
    const auto* const unit = made < bundle.chunks.size() ? &bundle.chunks[made] : nullptr;
    auto list = unit != nullptr ? list_chunk(unit->name, *chunk) : std::string{};
    if (unit == nullptr || sha256_hex(list) != unit->digest) {
      throw changed_input(task);
    }
    batch.add(make_chunk_folder(task, bundle.root, *unit, std::move(*chunk), std::move(list)));
    failpoint("task.chunk");
    on_made(++made);
  }
  if (made != bundle.chunks.size()) {
    throw changed_input(task);
  }
  batch.flush();
  batch.add(make_task_folder(task, surroundings, bundle));
  batch.flush();
}

}  // namespace pecanctl::tasks
