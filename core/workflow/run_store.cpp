// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/run_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <fstream>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::workflow {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_kept = 100;
constexpr std::size_t k_rows_at_once = 1000;
constexpr std::chrono::milliseconds k_poll{50};

std::vector<std::string> list_ids(const fs::path& folder)
{
  std::vector<std::string> ids;
  for (const auto& entry : fs::directory_iterator{folder}) {
    if (entry.path().extension() == ".jsonl") {
      ids.push_back(entry.path().stem().string());
    }
  }
  std::ranges::sort(ids);
  return ids;
}

void append_job(const Job& job, std::uint32_t index, std::vector<Record>& records)
{
  records.push_back(
      {.kind = Record::Kind::job, .job = index, .folder = job.folder, .key = job.key});
}

void append_state(const Job& job, std::uint32_t index, std::vector<Record>& records)
{
  if (is_under_way(job)) {
    records.push_back({.kind = Record::Kind::published,
                       .job = index,
                       .nonce = job.nonce,
                       .attempt = job.attempt,
                       .stale = job.stale});
  }
  if (job.state == JobState::queued) {
    records.push_back({.kind = Record::Kind::confirmed, .job = index});
  }
}

void write_jobs(Journal& journal, const std::vector<Job>& jobs,
                void (*append)(const Job&, std::uint32_t, std::vector<Record>&))
{
  std::vector<Record> records;
  for (std::uint32_t i = 0; i < jobs.size(); ++i) {
    append(jobs[i], i, records);
    if (records.size() >= k_rows_at_once || i + 1 == jobs.size()) {
      journal.append(records);
      records.clear();
    }
  }
}

}  // namespace

RunStore::RunStore(fs::path folder) : folder_{std::move(folder)}
{
  std::error_code error;
  fs::create_directories(folder_ / "done", error);
  if (error) {
    throw system_error(fmt::format("cannot make {}", folder_.string()), error.value());
  }
}

std::optional<RunStore> RunStore::find(fs::path folder)
{
  std::error_code ignored;
  return fs::is_directory(folder, ignored) ? std::optional{RunStore{std::move(folder), AsItIs{}}}
                                           : std::nullopt;
}

fs::path RunStore::path_of(std::string_view id) const
{
  return folder_ / fmt::format("{}.jsonl", id);
}

Fd RunStore::lock(const Deadline& deadline, const std::stop_token& stop) const
{
  const auto path = folder_ / ".lock";
  Fd file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) {
    throw system_error(fmt::format("cannot open {}", path.string()), errno);
  }
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      throw system_error(fmt::format("cannot lock {}", path.string()), errno);
    }
    deadline.check("waiting for another `pecanctl run` that begins");
    pause_for(k_poll, deadline, stop);
  }
  return file;
}

std::vector<std::string> RunStore::list_open() const
{
  return list_ids(folder_);
}

std::vector<std::string> RunStore::list_done() const
{
  std::error_code ignored;
  return fs::is_directory(folder_ / "done", ignored) ? list_ids(folder_ / "done")
                                                     : std::vector<std::string>{};
}

std::optional<int> RunStore::find_holder(std::string_view id) const
{
  struct stat status {};

  if (::stat(path_of(id).c_str(), &status) != 0) {
    return std::nullopt;
  }
  const auto inode = fmt::format(":{}", status.st_ino);
  std::ifstream locks{"/proc/locks"};
  for (std::string line; std::getline(locks, line);) {
    // "1: FLOCK  ADVISORY  WRITE 4711 08:01:131 0 EOF"
    std::vector<std::string> fields;
    std::ranges::copy_if(split(line, ' '), std::back_inserter(fields),
                         [](const auto& field) { return !field.empty(); });
    int pid = 0;
    if (fields.size() > 5 && fields[1] == "FLOCK" && fields[5].ends_with(inode) &&
        std::from_chars(fields[4].data(), fields[4].data() + fields[4].size(), pid).ec ==
            std::errc{}) {
      return pid;
    }
  }
  return std::nullopt;
}

void RunStore::ask_to_cancel(std::string_view id) const
{
  create_file_atomically(cancel_request_path(path_of(id)), "", 0600);
}

fs::path cancel_request_path(fs::path journal)
{
  return journal.replace_extension(".cancel");
}

std::optional<HeldRun> RunStore::open(std::string_view id) const
{
  RunState state;
  const auto path = path_of(id);
  if (!fs::exists(path)) {
    throw Error{{.code = ErrorCode::not_found,
                 .what = fmt::format("run {} is over", id),
                 .hint = "run its folders again: what is OK is skipped"}};
  }
  auto journal = Journal::open(path, state);
  if (!journal) {
    return std::nullopt;
  }
  return HeldRun{.journal = std::move(*journal), .state = std::move(state)};
}

RunState RunStore::read(std::string_view id) const
{
  for (const auto& path : {path_of(id), folder_ / "done" / path_of(id).filename()}) {
    if (fs::exists(path)) {
      return Journal::read(path);
    }
  }
  const auto known = list_open();
  throw Error{
      {.code = ErrorCode::not_found,
       .what = fmt::format("there is no run {}", id),
       .why = known.empty() ? "none is under way" : fmt::format("the latest is {}", known.back()),
       .hint = did_you_mean(id, known)}};
}

HeldRun RunStore::create(RunInfo info, std::vector<Job> jobs) const
{
  HeldRun run{.journal = Journal::create(path_of(info.id)),
              .state = {.info = std::move(info), .jobs = std::move(jobs)}};
  run.state.info.jobs = static_cast<std::uint32_t>(run.state.jobs.size());
  run.journal.append({.kind = Record::Kind::run, .run = run.state.info});
  write_jobs(run.journal, run.state.jobs, append_job);
  write_jobs(run.journal, run.state.jobs, append_state);
  return run;
}

void RunStore::finish(HeldRun& run) const
{
  run.flush();
  if (!run.state.is_ended && !run.state.info.id.empty()) {
    run.journal.append(Record{.kind = Record::Kind::end});
    run.state.is_ended = true;
  }
  const auto done = folder_ / "done";
  std::error_code error;
  fs::remove(cancel_request_path(run.journal.path()), error);
  fs::rename(run.journal.path(), done / run.journal.path().filename(), error);
  if (error) {
    throw system_error(fmt::format("cannot rename {}", run.journal.path().string()), error.value());
  }
  const auto ids = list_ids(done);
  for (std::size_t i = 0; i + k_kept < ids.size(); ++i) {
    fs::remove(done / (ids[i] + ".jsonl"), error);
  }
}

std::string make_run_id(std::chrono::system_clock::time_point now, std::uint32_t nonce)
{
  return fmt::format("{:%Y%m%d-%H%M%S}-{:04x}", fmt::gmtime(now), nonce & 0xFFFFU);
}

}  // namespace pecanctl::workflow
