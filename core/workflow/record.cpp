// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/record.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"

namespace pecanctl::workflow {
namespace {

using nlohmann::ordered_json;
using Kind = Record::Kind;

constexpr int k_version = 1;

constexpr std::array<std::pair<Kind, std::string_view>, 12> k_names{{
    {Kind::run, "run"},
    {Kind::job, "job"},
    {Kind::published, "published"},
    {Kind::confirmed, "confirmed"},
    {Kind::withdrawn, "withdrawn"},
    {Kind::done, "done"},
    {Kind::retry, "retry"},
    {Kind::lost, "lost"},
    {Kind::timeout, "timeout"},
    {Kind::moved, "moved"},
    {Kind::cancelled, "cancelled"},
    {Kind::end, "end"},
}};

std::string_view name_of(Kind kind)
{
  return std::ranges::find(k_names, kind, &std::pair<Kind, std::string_view>::first)->second;
}

Error bad_record(std::string why)
{
  return Error{{.code = ErrorCode::invalid,
                .what = "cannot read a line of the journal",
                .why = std::move(why)}};
}

ordered_json render_run(const RunInfo& info)
{
  return {{"version", k_version},
          {"id", info.id},
          {"model", info.model},
          {"queue", info.queue},
          {"jobs", info.jobs},
          {"retries", info.retries},
          {"already_done", info.already_done},
          {"failed_before", info.failed_before},
          {"at", info.at},
          {"retry_on", render(info.policy.retry_on)},
          {"job_timeout", info.policy.job_timeout.is_set() ? render(info.policy.job_timeout) : ""},
          {"halt", render(info.policy.halt)},
          {"task", info.task}};
}

// Journals of before have no policy.
RunPolicy parse_policy(const ordered_json& line)
{
  const auto timeout = line.value("job_timeout", std::string{});
  return {.retry_on = parse_retry_on(line.value("retry_on", render(RetryOn{}))),
          .job_timeout = timeout.empty() ? JobTimeout{} : parse_job_timeout(timeout),
          .halt = parse_halt(line.value("halt", std::string{"never"}))};
}

RunInfo parse_run(const ordered_json& line)
{
  if (line.at("version").get<int>() != k_version) {
    throw bad_record("it was written by a newer pecanctl");
  }
  return {.id = line.at("id"),
          .model = line.at("model"),
          .queue = line.at("queue"),
          .jobs = line.at("jobs"),
          .retries = line.at("retries"),
          .already_done = line.at("already_done"),
          .failed_before = line.value("failed_before", 0),
          .at = line.at("at"),
          .task = line.value("task", std::string{}),
          .policy = parse_policy(line)};
}

void render_published(const Record& record, ordered_json& line)
{
  line["attempt"] = record.attempt;
  line["nonce"] = record.nonce;
  if (record.stale) {
    line["stale"] = {record.stale->modified, record.stale->size};
  }
}

Record read_fields(Kind kind, const ordered_json& line)
{
  Record record{.kind = kind};
  if (kind == Kind::run) {
    record.run = parse_run(line);
    return record;
  }
  record.job = line.value("job", std::uint32_t{0});
  record.attempt = line.value("attempt", std::uint16_t{1});
  if (kind == Kind::job) {
    record.folder = line.at("folder");
    record.key = parse_key(line.at("key").get_ref<const std::string&>());
  } else if (kind == Kind::published) {
    record.nonce = line.at("nonce");
    if (const auto stale = line.find("stale"); stale != line.end()) {
      record.stale = engine::FileStamp{.modified = stale->at(0), .size = stale->at(1)};
    }
  } else if (kind == Kind::done) {
    record.is_ok = line.at("status") == "OK";
  }
  return record;
}

void apply_to(Job& job, const Record& record)
{
  switch (record.kind) {
    case Kind::published:
      job.state = JobState::sent;
      job.attempt = record.attempt;
      job.nonce = record.nonce;
      job.stale = record.stale;
      break;
    case Kind::confirmed:
      job.state = JobState::queued;
      break;
    case Kind::withdrawn:
      job.state = JobState::waiting;
      break;
    case Kind::retry:
      job.state = JobState::waiting;
      job.attempt = record.attempt;
      break;
    case Kind::done:
      job.state = record.is_ok ? JobState::ok : JobState::error;
      break;
    case Kind::lost:
    case Kind::timeout:
      job.state = JobState::error;
      break;
    case Kind::cancelled:
      job.state = JobState::cancelled;
      break;
    default:
      job.state = JobState::moved;
  }
}

}  // namespace

std::string render_record(const Record& record)
{
  // The lines that there are most of.
  if (record.kind == Kind::confirmed) {
    return fmt::format("{{\"event\":\"confirmed\",\"job\":{}}}\n", record.job);
  }
  if (record.kind == Kind::published && !record.stale) {
    return fmt::format("{{\"event\":\"published\",\"job\":{},\"attempt\":{},\"nonce\":{}}}\n",
                       record.job, record.attempt, record.nonce);
  }
  ordered_json line{{"event", name_of(record.kind)}};
  if (record.kind == Kind::run) {
    line.update(render_run(record.run));
  } else if (record.kind != Kind::end) {
    line["job"] = record.job;
  }
  if (record.kind == Kind::job) {
    line["folder"] = record.folder;
    line["key"] = render_key(record.key);
  } else if (record.kind == Kind::published) {
    render_published(record, line);
  } else if (record.kind == Kind::retry) {
    line["attempt"] = record.attempt;
  } else if (record.kind == Kind::done) {
    line["status"] = record.is_ok ? "OK" : "ERROR";
  }
  return line.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Record parse_record(std::string_view line)
{
  try {
    const auto json = ordered_json::parse(line);
    const auto& name = json.at("event").get_ref<const std::string&>();
    const auto* const known =
        std::ranges::find(k_names, name, &std::pair<Kind, std::string_view>::second);
    if (known == k_names.end()) {
      throw bad_record(fmt::format("'{}' is no event", name));
    }
    return read_fields(known->first, json);
  } catch (const ordered_json::exception& error) {
    throw bad_record(error.what());
  }
}

bool RunState::is_over() const
{
  return std::ranges::all_of(jobs, [](const Job& job) { return workflow::is_over(job); });
}

void RunState::apply(const Record& record)
{
  if ((record.kind == Kind::run) != info.id.empty()) {
    throw bad_record("it does not begin with the run");
  }
  if (record.kind == Kind::run) {
    info = record.run;
  } else if (record.kind == Kind::job) {
    if (record.job != jobs.size() || record.job >= info.jobs) {
      throw bad_record("its list of jobs is not in order");
    }
    jobs.push_back({.folder = record.folder, .key = record.key});
  } else if (record.kind == Kind::end) {
    is_ended = true;
  } else if (!is_begun() || record.job >= jobs.size()) {
    throw bad_record(fmt::format("there is no job {}", record.job));
  } else {
    apply_to(jobs[record.job], record);
  }
}

}  // namespace pecanctl::workflow
