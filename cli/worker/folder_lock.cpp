// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/worker/folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::worker {

using nlohmann::json;

std::optional<FolderLock> FolderLock::try_take(const std::filesystem::path& folder)
{
  const auto path = folder / ".pecan-worker.lock";
  Fd file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644)};
  if (!file) {
    throw system_error(fmt::format("cannot open {}", path.string()), errno);
  }
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
    return FolderLock{std::move(file)};
  }
  if (errno == EWOULDBLOCK) {
    return std::nullopt;
  }
  throw system_error(fmt::format("cannot lock {}", path.string()), errno,
                     "the file system of the run folders must support flock(2)");
}

FolderLock::~FolderLock()
{
  if (file_) {
    ::flock(file_.get(), LOCK_UN);  // also where a child still has a copy of the descriptor
  }
}

std::optional<FolderRecord> FolderLock::read() const
{
  std::array<char, 4096> text{};
  const auto size = ::pread(file_.get(), text.data(), text.size(), 0);
  if (size <= 0) {
    return std::nullopt;
  }
  const auto record = json::parse(text.data(), text.data() + size, nullptr, false);
  if (!record.is_object() || !record.contains("message_id") || !record["message_id"].is_string()) {
    return std::nullopt;
  }
  const auto state = record.value("state", json{});
  return FolderRecord{.message_id = record["message_id"].get<std::string>(),
                      .is_done = state == "done" || state == "settled",
                      .is_settled = state == "settled"};
}

void FolderLock::write(const FolderRecord& record, std::string_view worker_id) const
{
  const json content{{"message_id", record.message_id},
                     {"state", record.is_settled ? "settled"
                               : record.is_done  ? "done"
                                                 : "running"},
                     {"worker", worker_id},
                     {"at", format_time(std::chrono::system_clock::now())}};
  const auto line = content.dump(-1, ' ', true, json::error_handler_t::replace) + "\n";
  constexpr std::string_view k_what = "the lock file of the run folder";
  if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) != 0) {
    throw system_error(fmt::format("cannot write {}", k_what), errno);
  }
  write_all(file_.get(), line, k_what);
  if (::fdatasync(file_.get()) != 0) {
    throw system_error(fmt::format("cannot write {}", k_what), errno);
  }
}

}  // namespace pecanctl::worker
