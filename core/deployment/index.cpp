// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/index.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::deployment {
namespace {

using consul::Operation;
using nlohmann::json;

// The shortest that Consul takes; it waits for twice as long before it ends a session.
constexpr std::chrono::seconds k_session_ttl{10};
constexpr std::chrono::seconds k_renew_every{3};
constexpr std::chrono::milliseconds k_claim_poll{500};
constexpr std::string_view k_whole = "lock";
constexpr std::chrono::seconds k_short{5};
constexpr std::chrono::seconds k_long{20};

// Whether the process is a pecanctl that runs: two machines may share a name, and then not the lock
// folder that says that the other one is dead.
bool is_alive(const std::string& pid)
{
  const auto name_of = [](std::string_view process) {
    std::string name;
    std::getline(std::ifstream{fmt::format("/proc/{}/comm", process)}, name);
    return name;
  };
  const bool is_number = !pid.empty() && pid.find_first_not_of("0123456789") == std::string::npos;
  return is_number && name_of(pid) == name_of("self");
}

std::string render_meta(const Publication& publication)
{
  return json{{"v", 1},
              {"owner", publication.owner},
              {"file", publication.file},
              {"host", publication.host},
              {"release", publication.release},
              {"revision", publication.revision}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

void renew_until_stopped(const Index::Connect& connect, const std::string& session,
                         const std::stop_token& stop)
{
  try {
    const auto client = connect();
    while (!stop.stop_requested()) {
      pause_for(k_renew_every, Deadline::never(), stop);
      try {
        if (!client->renew_session(session, Deadline::in(k_short), stop)) {
          return;  // lost: the next write says so
        }
      } catch (const Error&) {
        continue;  // Consul is away; the lease runs on, and every write checks it
      }
    }
  } catch (const Cancelled&) {
    return;
  } catch (const Error&) {
    return;
  }
}

}  // namespace

Index::Index(Connect connect, std::string instance, std::string claim)
    : connect_{std::move(connect)},
      client_{connect_()},
      instance_{std::move(instance)},
      claim_{std::move(claim)}
{
}

Index::~Index()
{
  release();
}

// A session's name says whose it is, so that the same host can end it when that process is gone.
std::string Index::session_prefix(const Holder& holder) const
{
  const auto held = claim_ == k_whole ? instance_ : fmt::format("{}/{}", instance_, claim_);
  return fmt::format("pecanctl {} {} ", held, holder.host);
}

std::string Index::key(std::string_view rest) const
{
  return fmt::format("pecan/instances/{}/{}", instance_, rest);
}

void Index::acquire(const Holder& holder, const Deadline& deadline, const std::stop_token& stop)
{
  if (const auto held = try_acquire(holder, deadline, stop)) {
    throw explain_conflict(*held);
  }
}

void Index::acquire(const Holder& holder, std::chrono::milliseconds wait, Reporter& reporter,
                    const Deadline& deadline, const std::stop_token& stop)
{
  auto held = try_acquire(holder, deadline, stop);
  if (!held) {
    return;
  }
  const auto end = Deadline::in(wait);
  std::optional<Step> step;
  std::string shown;
  while (held) {
    if (end.is_over()) {
      throw explain_conflict(*held);
    }
    if (!step) {
      note(reporter, fmt::format("waiting for the claim of {} in Consul: {}", instance_, *held));
      step.emplace(reporter, StepStarted{.id = fmt::format("claim of {}", instance_),
                                         .group = "lock",
                                         .action = "wait"});
    }
    if (std::exchange(shown, *held) != *held) {
      step->progress(*held);
    }
    pause_for(k_claim_poll, end, stop);
    held = try_acquire(holder, Deadline::in(k_long), stop);
  }
}

Error Index::explain_conflict(const std::string& held) const
{
  return Error{{.code = ErrorCode::conflict,
                .what = claim_ == k_whole
                            ? fmt::format("instance {} is locked", instance_)
                            : fmt::format("instance {} has a {} already", instance_, claim_),
                .why = held,
                .hint = "wait for it, or let this command wait: --lock-wait 10m; the claim of a "
                        "dead holder ends by itself within 20 s"}};
}

std::optional<std::string> Index::try_acquire(const Holder& holder, const Deadline& deadline,
                                              const std::stop_token& stop)
{
  end_sessions_of_dead(holder, deadline, stop);
  session_ = client_->create_session(fmt::format("{}{}", session_prefix(holder), holder.pid),
                                     k_session_ttl, deadline, stop);
  const auto info = fmt::format("`pecanctl {}` of {} on {} (pid {}) since {}", holder.command,
                                holder.user, holder.host, holder.pid, holder.since);
  const std::vector<Operation> claim{
      {.kind = Operation::Kind::lock, .key = key(claim_), .value = info, .session = session_}};
  if (!client_->commit(claim, deadline, stop)) {
    const auto held = client_->find(key(claim_), deadline, stop);
    release();
    return "held by " + (held ? escape_control(held->value) : std::string{"another pecanctl"});
  }
  renewal_ = std::jthread{[connect = connect_, session = session_](const std::stop_token& token) {
    renew_until_stopped(connect, session, token);
  }};
  return std::nullopt;
}

void Index::end_sessions_of_dead(const Holder& holder, const Deadline& deadline,
                                 const std::stop_token& stop)
{
  const auto prefix = session_prefix(holder);
  for (const auto& session : client_->list_sessions(deadline, stop)) {
    if (!session.name.starts_with(prefix)) {
      continue;
    }
    const auto pid = session.name.substr(prefix.size());
    if (pid == std::to_string(holder.pid) || !is_alive(pid)) {
      client_->remove_session(session.id, deadline, stop);
    }
  }
}

void Index::release() noexcept
{
  renewal_ = {};
  if (session_.empty()) {
    return;
  }
  try {
    client_->remove_session(std::exchange(session_, {}), Deadline::in(k_short), {});
  } catch (const Error&) {
    return;  // it ends by itself
  }
}

Error Index::explain_lost_claim() const
{
  return Error{
      {.code = ErrorCode::conflict,
       .what = fmt::format("cannot write to Consul for instance {}", instance_),
       .why = "this command lost its claim on the instance (it was suspended for too long)",
       .hint = "repeat the command"}};
}

void Index::commit(std::vector<Operation> operations, const Deadline& deadline,
                   const std::stop_token& stop)
{
  if (!try_commit(std::move(operations), deadline, stop)) {
    throw explain_lost_claim();
  }
}

bool Index::try_commit(std::vector<Operation> operations, const Deadline& deadline,
                       const std::stop_token& stop)
{
  operations.insert(
      operations.begin(),
      {.kind = Operation::Kind::check_session, .key = key(claim_), .session = session_});
  if (client_->commit(operations, deadline, stop)) {
    return true;
  }
  const auto lock = client_->find(key(claim_), deadline, stop);
  if (!lock || session_.empty() || lock->session != session_) {
    throw explain_lost_claim();
  }
  return false;
}

std::map<std::string, RememberedScale> Index::list_scales(const Deadline& deadline,
                                                          const std::stop_token& stop)
{
  std::map<std::string, RememberedScale> scales;
  const auto prefix = key("scale/");
  for (const auto& entry : client_->list(prefix, deadline, stop)) {
    if (entry.key.find('/', prefix.size()) != std::string::npos) {
      continue;  // the scaler's notes
    }
    const auto value = json::parse(entry.value, nullptr, false);
    const auto is_text = [&](const char* key) {
      return !value.contains(key) || value[key].is_string();
    };
    if (!value.is_object() || !value.contains("replicas") ||
        !value["replicas"].is_number_integer() || !is_text("by") || !is_text("at")) {
      continue;  // not ours to judge: foreign text in our place changes nothing
    }
    scales.emplace(entry.key.substr(prefix.size()),
                   RememberedScale{.replicas = static_cast<int>(std::clamp<std::int64_t>(
                                       value["replicas"].get<std::int64_t>(), 0, 512)),
                                   .by = value.value("by", ""),
                                   .at = value.value("at", "")});
  }
  return scales;
}

std::vector<PastRevision> Index::list_history(const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<PastRevision> history;
  const auto prefix = key("history/");
  for (const auto& entry : client_->list(prefix, deadline, stop)) {
    const auto value = json::parse(entry.value, nullptr, false);
    const auto text_of = [&](const char* name) {
      return value.contains(name) && value[name].is_string() ? value[name].get<std::string>()
                                                             : std::string{};
    };
    int revision = 0;
    const auto name = std::string_view{entry.key}.substr(prefix.size());
    std::from_chars(name.data(), name.data() + name.size(), revision);
    if (value.is_object() && revision > 0 && !text_of("text").empty()) {
      history.push_back({.revision = revision,
                         .at = text_of("at"),
                         .by = text_of("by"),
                         .release = text_of("release"),
                         .text = text_of("text")});
    }
  }
  return history;
}

void Index::remember_scales(const std::map<std::string, RememberedScale>& scales,
                            const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<Operation> operations;
  for (const auto& [model, scale] : scales) {
    const json value{{"v", 1}, {"replicas", scale.replicas}, {"by", scale.by}, {"at", scale.at}};
    operations.push_back({.kind = Operation::Kind::set,
                          .key = key("scale/" + model),
                          .value = value.dump(-1, ' ', false, json::error_handler_t::replace)});
  }
  commit(std::move(operations), deadline, stop);
}

bool Index::publish(const Publication& publication, const Deadline& deadline,
                    const std::stop_token& stop)
{
  const std::map<std::string, std::string> wanted{
      {key("meta"), render_meta(publication)},
      {key("desired"), json(publication.replicas).dump()},
      {key("endpoints"), json(publication.endpoints).dump()},
      {fmt::format("instance/{}/ip", instance_), publication.ip}};
  std::map<std::string, std::string> present;
  for (const auto& prefix : {key(""), fmt::format("instance/{}/", instance_)}) {
    for (auto& entry : client_->list(prefix, deadline, stop)) {
      present.emplace(std::move(entry.key), std::move(entry.value));
    }
  }
  std::vector<Operation> operations;
  for (const auto& [name, value] : wanted) {
    const auto found = present.find(name);
    if (found == present.end() || found->second != value) {
      operations.push_back({.kind = Operation::Kind::set, .key = name, .value = value});
    }
  }
  if (operations.empty()) {
    return false;
  }
  const json history{{"v", 1},
                     {"at", format_time(std::chrono::system_clock::now())},
                     {"by", publication.by},
                     {"release", publication.release},
                     {"replicas", publication.replicas},
                     {"text", publication.text}};
  operations.push_back({.kind = Operation::Kind::set,
                        .key = key(fmt::format("history/{:06}", publication.revision)),
                        .value = history.dump(-1, ' ', false, json::error_handler_t::replace)});
  commit(std::move(operations), deadline, stop);
  return true;
}

void Index::remove(const Deadline& deadline, const std::stop_token& stop)
{
  commit({{.kind = Operation::Kind::remove_tree, .key = fmt::format("instance/{}/", instance_)},
          {.kind = Operation::Kind::remove_tree, .key = key("")}},
         deadline, stop);
}

}  // namespace pecanctl::deployment
