// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"

namespace pecanctl::workflow {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_block = std::size_t{64} << 10U;

bool try_lock(const Fd& file, const fs::path& path)
{
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
    return true;
  }
  if (errno == EWOULDBLOCK) {
    return false;
  }
  throw system_error(fmt::format("cannot lock {}", path.string()), errno);
}

Fd open_file(const fs::path& path, int flags)
{
  Fd file{::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) {
    throw system_error(fmt::format("cannot open {}", path.string()), errno);
  }
  return file;
}

void apply_line(std::string_view line, int number, const fs::path& path, RunState& state)
{
  try {
    state.apply(parse_record(line));
  } catch (const Error& error) {
    throw Error{{.code = ErrorCode::invalid,
                 .what = fmt::format("cannot use {}", path.string()),
                 .why = fmt::format("line {}: {}", number, error.info().why),
                 .hint = "move the file away; jobs that were submitted go on without it"}};
  }
}

// Returns how many bytes the whole lines have.
off_t replay(const Fd& file, const fs::path& path, RunState& state)
{
  std::string rest;
  std::array<char, k_block> block{};
  off_t whole = 0;
  int number = 0;
  for (;;) {
    const auto got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno != EINTR) {
      throw system_error(fmt::format("cannot read {}", path.string()), errno);
    }
    if (got == 0) {
      return whole;
    }
    rest.append(block.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    std::size_t start = 0;
    for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', start)) {
      apply_line(std::string_view{rest}.substr(start, end - start), ++number, path, state);
      start = end + 1;
    }
    whole += static_cast<off_t>(start);
    rest.erase(0, start);
  }
}

}  // namespace

Journal Journal::create(const fs::path& path)
{
  auto file = open_file(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND);
  try_lock(file, path);
  const auto folder = open_file(path.parent_path(), O_RDONLY | O_DIRECTORY);
  if (::fsync(folder.get()) != 0) {
    throw system_error(fmt::format("cannot sync {}", path.parent_path().string()), errno);
  }
  return Journal{path, std::move(file)};
}

std::optional<Journal> Journal::open(const fs::path& path, RunState& state)
{
  auto file = open_file(path, O_RDWR | O_APPEND);
  if (!try_lock(file, path)) {
    return std::nullopt;
  }
  const auto whole = replay(file, path, state);
  if (::ftruncate(file.get(), whole) != 0) {
    throw system_error(fmt::format("cannot write {}", path.string()), errno);
  }
  return Journal{path, std::move(file)};
}

RunState Journal::read(const fs::path& path)
{
  RunState state;
  replay(open_file(path, O_RDONLY), path, state);
  return state;
}

void Journal::write(std::span<const Record> records)
{
  std::string text;
  for (const auto& record : records) {
    text += render_record(record);
    if (text.size() >= k_block) {
      write_all(file_.get(), text, path_.string());
      text.clear();
    }
  }
  write_all(file_.get(), text, path_.string());
}

void Journal::append(std::span<const Record> records)
{
  if (records.empty()) {
    return;
  }
  write(records);
  failpoint("run.journal_written");
  if (::fdatasync(file_.get()) != 0) {
    throw system_error(fmt::format("cannot write {}", path_.string()), errno);
  }
}

}  // namespace pecanctl::workflow
