// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/retry.hpp"
#include "core/workflow/run.hpp"
#include "core/workflow/submission.hpp"

// The broker's part of a run: sending, and answers.
namespace pecanctl::workflow {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t k_batch = 10'000;  // jobs in one step of submission
constexpr milliseconds k_publish_one{10};
constexpr milliseconds k_first_look_holds{30'000};
constexpr milliseconds k_connect{5000};

std::string describe_refusal(rabbitmq::PublishOutcome outcome, std::string_view queue)
{
  return outcome == rabbitmq::PublishOutcome::returned
             ? fmt::format("RabbitMQ has no queue '{}'", queue)
             : fmt::format("RabbitMQ refused the message for queue '{}'", queue);
}

}  // namespace

// Returns whether the broker is there. A connection that breaks is made again; what was under way
// goes on meanwhile.
bool Run::with_broker(const std::function<void(rabbitmq::Broker&)>& work, const Deadline& deadline,
                      const std::stop_token& stop)
{
  try {
    if (broker_ == nullptr) {
      connect(deadline, stop);
    }
    work(*broker_);
    away_since_.reset();
    return true;
  } catch (const Error& error) {
    const bool is_broken =
        error.code() == ErrorCode::unreachable || (broker_ == nullptr && is_transient(error));
    if (!is_broken) {
      throw;
    }
    broker_.reset();
    away_since_ = away_since_.value_or(services_.now());
    silence_.interrupt();
    debug(services_.reporter, error.what());
    if (services_.now() - *away_since_ >= options_.timing.reconnect) {
      throw;
    }
    return false;
  }
}

void Run::connect(const Deadline& deadline, const std::stop_token& stop)
{
  const auto limit = deadline.sooner(k_connect);
  auto broker = services_.connect(limit, stop);
  if (wants_replies_) {
    reply_queue_ = broker->make_reply_queue(limit, stop);
    broker->consume(reply_queue_, 0, true, limit, stop);
  }
  broker_ = std::move(broker);
}

// What may be sent now: jobs that wait, and those in doubt where sending twice does no harm.
std::vector<std::uint32_t> Run::choose() const
{
  std::vector<std::uint32_t> chosen;
  const auto& jobs = held_.state.jobs;
  const auto under_way = static_cast<std::size_t>(std::ranges::count_if(jobs, is_under_way));
  const auto limit = options_.most_at_once;
  auto room = limit == 0 ? k_batch : std::min(k_batch, limit - std::min(limit, under_way));
  for (std::uint32_t i = 0; i < jobs.size() && chosen.size() < k_batch; ++i) {
    const bool is_doubtful = jobs[i].state == JobState::sent && options_.recognises_duplicates &&
                             !jobs[i].is_watched && !is_cut_short();
    if (is_doubtful || (jobs[i].state == JobState::waiting && room > 0)) {
      chosen.push_back(i);
      room -= is_doubtful ? 0 : 1;
    }
  }
  return chosen;
}

void Run::send(rabbitmq::Broker& broker, const Deadline& deadline, const std::stop_token& stop)
{
  auto chosen = choose();
  std::vector<std::uint32_t> doubtful;
  std::ranges::copy_if(chosen, std::back_inserter(doubtful),
                       [this](auto i) { return held_.state.jobs[i].state == JobState::sent; });
  if (!doubtful.empty()) {
    look(doubtful, deadline, stop);
    std::erase_if(chosen, [this](auto i) { return is_over(held_.state.jobs[i]); });
  }
  if (chosen.empty()) {
    return;
  }
  const SubmissionOptions options{
      .reply_to = wants_replies_ ? reply_queue_ : "",
      .window = options_.window,
      .trusts_first_look = services_.now() - began_ < k_first_look_holds,
      .mount = options_.mount};
  const auto on_refused = [this](std::uint32_t index, auto outcome) { refuse(index, outcome); };
  silence_.interrupt();
  slow_look_ = options_.timing.first_slow_look;
  for (const auto index : chosen) {
    held_.state.jobs[index].sent_at = services_.now();
  }
  send_jobs(held_, chosen, services_.data, broker, options, on_refused,
            deadline.sooner(options_.timing.publish + k_publish_one * chosen.size()), stop);
  if (choose().empty()) {
    flush();
  }
}

void Run::refuse(std::uint32_t index, rabbitmq::PublishOutcome outcome)
{
  held_.unwritten.push_back({.kind = Record::Kind::lost, .job = index});
  auto& job = held_.state.jobs[index];
  job.state = JobState::error;
  services_.on_result({.number = index,
                       .folder = data_path(job.folder, options_.mount),
                       .end = JobEnd::lost,
                       .attempt = job.attempt,
                       .output = describe_refusal(outcome, held_.state.info.queue)});
}

// Waits for answers until the next look is due. An answer is a reason to look at once, nothing
// more.
void Run::receive(rabbitmq::Broker& broker, const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<std::uint32_t> hints;
  const auto left = std::chrono::ceil<milliseconds>(next_look_ - services_.now());
  const auto most = deadline.left_ms(static_cast<int>(options_.timing.ask.count()));
  auto wait =
      choose().empty() ? std::clamp(left, milliseconds{0}, milliseconds{most}) : milliseconds{0};
  while (const auto delivery = broker.next_delivery(wait, -1, stop)) {
    follow_hint(delivery->message, hints);
    wait = milliseconds{0};
  }
  if (!hints.empty()) {
    look(hints, deadline, stop);
  }
}

void Run::follow_hint(const rabbitmq::Message& reply, std::vector<std::uint32_t>& hints) const
{
  const auto body = nlohmann::json::parse(reply.body, nullptr, false);
  const auto text = body.is_object() && body.contains("folder") && body["folder"].is_string()
                        ? body["folder"].get<std::string>()
                        : std::string{};
  const auto job = find_job(text);
  if (job && is_under_way(held_.state.jobs[*job])) {
    hints.push_back(*job);
  }
}

// Which job the folder `path`, as workers see it, is of.
std::optional<std::uint32_t> Run::find_job(std::string_view path) const
{
  const auto prefix = options_.mount + "/";
  if (!path.starts_with(prefix)) {
    return std::nullopt;
  }
  const auto folder = path.substr(prefix.size());
  const auto& jobs = held_.state.jobs;
  const auto found = std::ranges::lower_bound(
      by_folder_, folder, {}, [&](auto i) { return std::string_view{jobs[i].folder}; });
  const bool is_there = found != by_folder_.end() && jobs[*found].folder == folder;
  return is_there ? std::optional{*found} : std::nullopt;
}

}  // namespace pecanctl::workflow
