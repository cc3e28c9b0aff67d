// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/submission.hpp"

#include <utility>
#include <vector>

#include "core/base/failpoint.hpp"

namespace pecanctl::workflow {
namespace {

using rabbitmq::PublishOutcome;

constexpr std::size_t k_confirmed_at_once = 100;  // with those the window holds, 1000 in doubt

std::optional<engine::FileStamp> stamp_of(const std::optional<engine::PathInfo>& info)
{
  return info ? std::optional{info->stamp} : std::nullopt;
}

void clear_outcomes(std::vector<Job>& jobs, std::span<const std::uint32_t> chosen,
                    engine::DataAccess& data, const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<std::string> paths;
  for (const auto index : chosen) {
    paths.push_back(outcome_path(jobs[index]));
  }
  const auto infos = data.look(paths, deadline, stop);
  std::vector<std::string> present;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    jobs[chosen[i]].stale = stamp_of(infos[i]);
    if (infos[i]) {
      present.push_back(std::move(paths[i]));
    }
  }
  if (present.empty()) {
    return;
  }
  try {
    data.remove(present, deadline, stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::denied) {
      throw;
    }  // they keep their stamp, and do not count
    return;
  }
  for (const auto index : chosen) {
    jobs[index].stale.reset();
  }
}

// One call of Broker::publish: what is sent, and what became of it.
class Batch {
 public:
  Batch(HeldRun& run, std::span<const std::uint32_t> jobs, const SubmissionOptions& options)
      : run_{run},
        jobs_{jobs},
        outcomes_(jobs.size())
  {
    auto& records = run_.unwritten;
    for (const auto index : jobs_) {
      auto& job = run_.state.jobs[index];
      messages_.push_back({.body = message_body(job, options.mount),
                           .message_id = message_id(job),
                           .reply_to = options.reply_to});
      records.push_back({.kind = Record::Kind::published,
                         .job = index,
                         .nonce = job.nonce,
                         .attempt = job.attempt,
                         .stale = job.stale});
      was_sent_.push_back(job.state == JobState::sent);
      job.state = JobState::sent;
    }
    run_.flush();
  }

  void send(rabbitmq::Broker& broker, std::size_t window, const Deadline& deadline,
            const std::stop_token& stop)
  {
    const auto note = [this](std::size_t i, PublishOutcome outcome) { note_outcome(i, outcome); };
    try {
      broker.publish(run_.state.info.queue, messages_, window, note, deadline, stop);
    } catch (const std::exception&) {
      settle();
      run_.flush();
      throw;
    }
    settle();
  }

  void tell_refused(const OnRefused& on_refused) const
  {
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (outcomes_[i] == PublishOutcome::returned || outcomes_[i] == PublishOutcome::refused) {
        on_refused(jobs_[i], *outcomes_[i]);
      }
    }
  }

 private:
  // What is confirmed is written soon: a kill leaves few jobs in doubt.
  void note_outcome(std::size_t i, PublishOutcome outcome)
  {
    outcomes_[i] = outcome;
    if (outcome != PublishOutcome::confirmed) {
      return;
    }
    run_.state.jobs[jobs_[i]].state = JobState::queued;
    run_.unwritten.push_back({.kind = Record::Kind::confirmed, .job = jobs_[i]});
    if (run_.unwritten.size() >= k_confirmed_at_once) {
      failpoint("run.confirmed");
      run_.journal.write(run_.unwritten);
      run_.unwritten.clear();
    }
  }

  void settle()
  {
    failpoint("run.published");
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      const bool may_be_there =
          outcomes_[i] == PublishOutcome::unconfirmed || (!outcomes_[i] && was_sent_[i]);
      if (outcomes_[i] != PublishOutcome::confirmed && !may_be_there) {
        run_.state.jobs[jobs_[i]].state = JobState::waiting;
        run_.unwritten.push_back({.kind = Record::Kind::withdrawn, .job = jobs_[i]});
      }
    }
  }

  HeldRun& run_;
  std::span<const std::uint32_t> jobs_;
  std::vector<rabbitmq::Message> messages_;
  std::vector<bool> was_sent_;
  std::vector<std::optional<PublishOutcome>> outcomes_;
};

}  // namespace

void send_jobs(HeldRun& run, std::span<const std::uint32_t> jobs, engine::DataAccess& data,
               rabbitmq::Broker& broker, const SubmissionOptions& options,
               const OnRefused& on_refused, const Deadline& deadline, std::stop_token stop)
{
  std::vector<std::uint32_t> fresh;
  for (const auto index : jobs) {
    const auto& job = run.state.jobs[index];
    if (job.state == JobState::waiting && !(options.trusts_first_look && job.had_no_outcome)) {
      fresh.push_back(index);
    }
  }
  if (!fresh.empty()) {
    clear_outcomes(run.state.jobs, fresh, data, deadline, stop);
  }
  failpoint("run.cleared");
  Batch batch{run, jobs, options};
  batch.send(broker, options.window, deadline, stop);
  batch.tell_refused(on_refused);
}

}  // namespace pecanctl::workflow
