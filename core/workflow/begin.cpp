// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/begin.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"

namespace pecanctl::workflow {
namespace {

// What other runs of the queue have in hand.
struct Others {
  std::vector<HeldRun> held = {};  ///< runs without a process: ours to take from
  KnownJobs jobs = {};
};

void add_jobs(const RunState& state, bool is_live, Others& others)
{
  for (const auto& job : state.jobs) {
    if (is_live ? !is_over(job) && !job.is_watched : is_under_way(job)) {
      auto& known = others.jobs.by_folder[job.folder];
      if (!known.is_live) {
        known = {.job = job, .is_live = is_live};
      }
    }
  }
}

Others gather(const RunStore& store, std::string_view queue)
{
  Others others;
  for (const auto& id : store.list_open()) {
    auto held = store.open(id);
    const auto state = held ? RunState{} : store.read(id);
    const auto& known = held ? held->state : state;
    if (held && (!known.is_begun() || known.is_over())) {
      store.finish(*held);  // it sent nothing, or ended without a word
    } else if (known.info.queue == queue) {
      add_jobs(known, !held, others);
      if (held) {
        others.held.push_back(std::move(*held));
      }
    }
  }
  return others;
}

void note_ends(const RunState& state, std::string_view queue, std::set<std::uint64_t>& failed)
{
  if (state.info.queue != queue) {
    return;
  }
  for (const auto& job : state.jobs) {
    if (job.state == JobState::error) {
      failed.insert(job.key);
    } else if (job.state == JobState::ok) {
      failed.erase(job.key);
    }
  }
}

// The keys of jobs whose last end that any run saw was no good one.
std::set<std::uint64_t> find_failed(const RunStore& store, std::string_view queue)
{
  std::set<std::uint64_t> failed;
  for (const auto& ids : {store.list_done(), store.list_open()}) {
    for (const auto& id : ids) {
      note_ends(store.read(id), queue, failed);
    }
  }
  return failed;
}

// The jobs in `folders` are the new run's now.
void hand_over(const RunStore& store, HeldRun& run, const std::set<std::string_view>& folders)
{
  std::vector<Record> records;
  for (std::uint32_t i = 0; i < run.state.jobs.size(); ++i) {
    auto& job = run.state.jobs[i];
    if (!is_over(job) && folders.contains(job.folder)) {
      records.push_back({.kind = Record::Kind::moved, .job = i});
      job.state = JobState::moved;
    }
  }
  run.journal.append(records);
  if (run.state.is_over()) {
    store.finish(run);
  }
}

}  // namespace

JobPlan plan_run(const std::optional<RunStore>& store, std::string_view queue,
                 std::span<const Candidate> candidates, const BeginOptions& options)
{
  Others others;
  for (const auto& id : store ? store->list_open() : std::vector<std::string>{}) {
    if (const auto state = store->read(id); state.info.queue == queue && !state.is_over()) {
      add_jobs(state, false, others);
    }
  }
  if (store && options.skips_failed) {
    others.jobs.failed = find_failed(*store, queue);
  }
  return plan_jobs(candidates, others.jobs, options.runs_again, options.nonce);
}

Begun begin_run(const RunStore& store, RunInfo info, std::span<const Candidate> candidates,
                const BeginOptions& options)
{
  auto failed = options.skips_failed ? find_failed(store, info.queue) : std::set<std::uint64_t>{};
  auto others = gather(store, info.queue);
  others.jobs.failed = std::move(failed);
  auto plan = plan_jobs(candidates, others.jobs, options.runs_again, options.nonce);
  Begun begun{.already_done = plan.already_done,
              .failed_before = plan.failed_before,
              .attached = plan.attached};
  if (!plan.jobs.empty()) {
    info.already_done = plan.already_done;
    info.failed_before = plan.failed_before;
    begun.run = store.create(std::move(info), std::move(plan.jobs));
  }
  failpoint("run.begun");
  std::set<std::string_view> folders;
  for (const auto& candidate : others.held.empty() ? std::span<const Candidate>{} : candidates) {
    folders.insert(candidate.folder);
  }
  for (auto& run : others.held) {
    hand_over(store, run, folders);
  }
  return begun;
}

std::set<std::string> folders_under_way(const std::optional<RunStore>& store)
{
  std::set<std::string> folders;
  for (const auto& id : store ? store->list_open() : std::vector<std::string>{}) {
    for (const auto& job : store->read(id).jobs) {
      if (is_under_way(job)) {
        folders.insert(job.folder);
      }
    }
  }
  return folders;
}

std::string find_run(const RunStore& store, std::string_view id)
{
  const auto open = store.list_open();
  if (id.empty() && open.empty()) {
    throw Error{{.code = ErrorCode::not_found,
                 .what = "there is no run to attach to",
                 .why = "none is under way",
                 .hint = "submit jobs: pecanctl run MODEL DIR…"}};
  }
  std::string wanted{id.empty() ? open.back() : id};
  store.read(wanted);  // says which ids there are
  return wanted;
}

}  // namespace pecanctl::workflow
