// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/watch.hpp"

#include <filesystem>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/workflow/follow.hpp"

namespace pecanctl::workflow {
namespace {

constexpr std::chrono::milliseconds k_glance{200};

JobResult to_result(const Record& record, const Job& job)
{
  const auto end = record.kind == Record::Kind::lost      ? JobEnd::lost
                   : record.kind == Record::Kind::timeout ? JobEnd::timeout
                   : record.is_ok                         ? JobEnd::ok
                                                          : JobEnd::error;
  return {.number = record.job,
          .folder = data_path(job.folder),
          .is_ok = end == JobEnd::ok,
          .end = end,
          .attempt = job.attempt};
}

bool is_end(Record::Kind kind)
{
  return kind == Record::Kind::done || kind == Record::Kind::lost || kind == Record::Kind::timeout;
}

// Takes the run when nobody has it. One that has just ended is nobody's to take.
std::optional<HeldRun> try_open(const RunStore& store, std::string_view id)
{
  try {
    return store.open(id);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) {
      throw;
    }
    return std::nullopt;
  }
}

}  // namespace

Watched watch_run(const RunStore& store, std::string_view id, Reporter& reporter,
                  const std::function<void(const JobResult&)>& on_result, const Deadline& deadline,
                  const std::stop_token& stop)
{
  if (auto held = try_open(store, id)) {
    return {.run = std::move(held)};
  }
  JournalTail tail{store.path_of(id)};
  tail.read_on();
  note(reporter, fmt::format("another pecanctl works on run {}: looking on", id));
  Step step{reporter, {.id = std::string{id}, .group = tail.state().info.model, .action = "run"}};
  std::string shown;
  while (!tail.state().is_ended) {
    if (auto held = try_open(store, id)) {
      step.set_outcome(StepOutcome::skipped);
      step.set_detail("nobody works on it any more: going on");
      return {.run = std::move(held)};
    }
    deadline.check("looking on");
    pause_for(k_glance, deadline, stop);
    tail.read_on([&](const Record& record) {
      if (is_end(record.kind)) {
        on_result(to_result(record, tail.state().jobs[record.job]));
      }
    });
    const auto sum = count_ends(tail.state().jobs);
    const auto done = sum.jobs - sum.left();
    if (auto text = fmt::format("{}/{} done, {} failed", done, sum.jobs, sum.failed);
        text != shown) {
      step.progress(text, done, sum.jobs, "jobs");
      shown = std::move(text);
    }
  }
  return {.state = tail.state()};
}

Watched cancel_run(const RunStore& store, std::string_view id, const Deadline& deadline,
                   const std::stop_token& stop)
{
  if (auto held = store.open(id)) {
    return {.run = std::move(held)};
  }
  store.ask_to_cancel(id);
  const auto journal = store.path_of(id);
  const auto request = cancel_request_path(journal);
  while (std::filesystem::exists(request)) {
    if (auto held = try_open(store, id)) {
      return {.run = std::move(held)};
    }
    if (!std::filesystem::exists(journal)) {
      std::filesystem::remove(request);  // it ended before it was asked
      break;
    }
    deadline.check(fmt::format("waiting for the process that works on run {}", id));
    pause_for(k_glance, deadline, stop);
  }
  return {.state = store.read(id)};
}

}  // namespace pecanctl::workflow
