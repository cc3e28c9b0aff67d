// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/text.hpp"
#include "core/inspection/checks.hpp"
#include "core/inspection/presence.hpp"

namespace pecanctl::inspection::checks {
namespace {

using namespace std::chrono_literals;
using rabbitmq::QueueStatistics;

// The management figures of a queue are up to this old.
constexpr auto k_statistics_age = 5500ms;

std::string queue_of(const stack::Service& service)
{
  return service.model ? service.model->queue() : std::string{};
}

// A queue that gives cause for a second look.
struct Suspect {
  QueueStatistics first = {};
  const stack::Service* service = nullptr;
};

bool has_busy_worker(const Subject& subject, const stack::Service& service,
                     const Deadline& deadline, const std::stop_token& stop)
{
  const auto view = subject.view(deadline, stop);
  std::vector<std::string> ids;
  for (const auto& replica : view->list_replicas(*subject.identity, deadline, stop)) {
    if (replica.service == service.name && replica.state == engine::State::running) {
      ids.push_back(replica.id);
    }
  }
  return std::ranges::count(view->are_busy(ids, deadline, stop), true) > 0;
}

// Messages are with workers none of whom works, or wait although somebody listens and holds none.
bool is_suspicious(const QueueStatistics& queue)
{
  const auto held = queue.unacknowledged.value_or(0);
  const auto waiting = queue.ready.value_or(0);
  return held > 0 || (waiting > 0 && queue.consumers.value_or(0) > 0);
}

std::vector<Suspect> find_suspects(const Subject& subject,
                                   const std::vector<QueueStatistics>& queues,
                                   const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<Suspect> suspects;
  for (const auto& queue : queues) {
    const auto& services = subject.stack->services;
    const auto found = std::ranges::find(services, queue.name, queue_of);
    if (found != services.end() && is_suspicious(queue) &&
        !has_busy_worker(subject, *found, deadline, stop)) {
      suspects.push_back({.first = queue, .service = &*found});
    }
  }
  return suspects;
}

Finding judge_stuck(const Suspect& suspect, const QueueStatistics& now)
{
  const auto held = now.unacknowledged.value_or(0);
  const auto& name = suspect.service->name;
  if (held > 0) {
    return {.verdict = Verdict::bad,
            .text = fmt::format("queue {}: {} held by a worker and {} waiting, but no worker of {} "
                                "works and none was finished: a message that wedges its worker",
                                now.name, held, now.ready.value_or(0), name),
            .fix = fmt::format("see pecanctl logs {}; take the bad message out of queue {}, then "
                               "pecanctl scale {}=0 and back",
                               name, now.name, name)};
  }
  return {.verdict = Verdict::bad,
          .text = fmt::format("queue {}: {} waiting and {} consumers, but nothing is taken",
                              now.name, now.ready.value_or(0), now.consumers.value_or(0)),
          .fix = fmt::format("see pecanctl logs {} and pecanctl doctor management", name)};
}

std::vector<Finding> look_again(const Subject& subject, const std::vector<Suspect>& suspects,
                                const std::vector<QueueStatistics>& queues,
                                const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<Finding> findings;
  for (const auto& suspect : suspects) {
    const auto now = std::ranges::find(queues, suspect.first.name, &QueueStatistics::name);
    const bool is_unmoved = now != queues.end() && is_suspicious(*now) &&
                            now->acknowledged == suspect.first.acknowledged;
    if (is_unmoved && !has_busy_worker(subject, *suspect.service, deadline, stop)) {
      findings.push_back(judge_stuck(suspect, *now));
    }
  }
  return findings;
}

// A message that ends its worker comes back each time: more came back than were ever finished.
std::vector<Finding> find_loops(const std::vector<QueueStatistics>& queues)
{
  constexpr std::uint64_t k_many = 5;
  std::vector<Finding> findings;
  for (const auto& queue : queues) {
    const bool has_any = queue.ready.value_or(0) + queue.unacknowledged.value_or(0) > 0;
    if (has_any && queue.redelivered >= k_many && queue.redelivered > queue.acknowledged) {
      findings.push_back(
          {.verdict = Verdict::warning,
           .text =
               fmt::format("queue {}: {} deliveries came back, {} were finished: a job that ends "
                           "its worker",
                           queue.name, queue.redelivered, queue.acknowledged),
           .fix = "see the workers' logs and memory limit; take that job out of the queue"});
    }
  }
  return findings;
}

std::chrono::milliseconds longest_run(const stack::Stack& stack)
{
  std::chrono::milliseconds longest{0};
  for (const auto& service : stack.services) {
    longest = std::max(longest, service.model ? service.model->max_runtime : 0ms);
  }
  return longest;
}

}  // namespace

Finding broker(const Subject& subject, const Deadline& deadline, const std::stop_token& stop)
{
  if (const auto skipped = skip_unless_present(subject, "rabbitmq", deadline, stop)) {
    return *skipped;
  }
  const auto connection = subject.broker(deadline, stop);
  std::vector<Finding> findings;
  int found = 0;
  for (const auto& service : subject.stack->services) {
    if (!service.model) {
      continue;
    }
    if (connection->find_queue(service.model->queue(), deadline, stop)) {
      ++found;
    } else {
      findings.push_back({.verdict = Verdict::bad,
                          .text = fmt::format("there is no queue {}", service.model->queue()),
                          .fix = "pecanctl deploy"});
    }
  }
  return combine(findings, fmt::format("logged in; {} model queues", found));
}

Finding management(const Subject& subject, const Deadline& deadline, const std::stop_token& stop)
{
  const auto client = subject.management(deadline, stop);
  std::vector<Finding> findings;
  for (const auto& node : client->list_nodes(deadline, stop)) {
    if (node.has_memory_alarm) {
      findings.push_back(
          {.verdict = Verdict::bad,
           .text = fmt::format("memory alarm on {}: nobody can publish", node.name),
           .fix = "give it more: services.rabbitmq.memory in pecan.yml, then deploy"});
    }
    if (node.has_disk_alarm) {
      findings.push_back({.verdict = Verdict::bad,
                          .text = fmt::format("disk alarm on {}: nobody can publish", node.name),
                          .fix = "make room where Docker keeps its data: pecanctl doctor disk"});
    }
  }
  return combine(findings, "answers; no alarm");
}

Finding timeout(const Subject& subject, const Deadline& deadline, const std::stop_token& stop)
{
  if (subject.stack->find_external("rabbitmq") != nullptr) {
    return {.verdict = Verdict::skipped,
            .text = fmt::format("only its operator sees it; it must be at least {}",
                                format_duration(longest_run(*subject.stack)))};
  }
  const auto presence = find_presence(subject, *subject.identity, "rabbitmq", deadline, stop);
  const std::vector<std::string> command{"rabbitmqctl", "-q", "eval",
                                         "application:get_env(rabbit, consumer_timeout)."};
  const auto result = subject.docker()->exec(presence.id, command, deadline, stop);
  // "{ok,86400000}", or {ok,undefined} and undefined: it waits for ever.
  const auto text = std::string{trim(result.output)};
  if (result.exit_code != 0) {
    return {.verdict = Verdict::skipped,
            .text = fmt::format("rabbitmqctl: {}", trim(result.error_output + result.output))};
  }
  const auto wanted = longest_run(*subject.stack);
  const auto comma = text.find(',');
  std::int64_t milliseconds = 0;
  const auto begin = comma == std::string::npos ? text.size() : comma + 1;
  if (std::from_chars(text.data() + begin, text.data() + text.size(), milliseconds).ec !=
      std::errc{}) {
    return {.text = "it waits for ever"};
  }
  const std::chrono::milliseconds limit{milliseconds};
  const auto words = fmt::format("it takes a job back after {}; the longest may take {}",
                                 format_duration(limit), format_duration(wanted));
  if (limit >= wanted) {
    return {.text = words};
  }
  return {.verdict = Verdict::bad,
          .text = words + ", and would run again for ever",
          .fix = "pecanctl deploy sets it from models.*.max_runtime"};
}

Finding queues(const Subject& subject, const Deadline& deadline, const std::stop_token& stop)
{
  const auto client = subject.management(deadline, stop);
  auto queues = client->list_queues(deadline, stop);
  const auto suspects = find_suspects(subject, queues, deadline, stop);
  std::vector<Finding> findings;
  if (!suspects.empty() && deadline.left() > k_statistics_age) {
    pause_for(k_statistics_age, deadline, stop);
    queues = client->list_queues(deadline, stop);
    findings = look_again(subject, suspects, queues, deadline, stop);
  }
  std::ranges::move(find_loops(queues), std::back_inserter(findings));
  return combine(findings, fmt::format("{} queues; each moves or is empty", queues.size()));
}

}  // namespace pecanctl::inspection::checks
