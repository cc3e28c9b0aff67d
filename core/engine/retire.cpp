// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/retire.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/failpoint.hpp"

namespace pecanctl::engine {
namespace {

using std::chrono::milliseconds;

// A freeze must end well before the broker misses heartbeats (60 s); one round takes well under a
// second.
constexpr std::size_t k_frozen_at_once = 8;
constexpr milliseconds k_between_rounds{500};
constexpr milliseconds k_drain_poll{50};

// A call about many containers takes as long as its engine needs for each: an eighth of a second
// of one that does nothing else, more of one that is busy.
Deadline limit_for(std::size_t containers)
{
  return Deadline::in(std::chrono::minutes{2} + containers * std::chrono::seconds{2});
}

// Whatever is frozen when this ends, by whichever way, runs again.
class Frozen {
 public:
  Frozen(std::vector<std::string> ids, Backend& backend, Reporter& reporter)
      : ids_{std::move(ids)},
        backend_{backend},
        reporter_{reporter}
  {
  }

  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

  ~Frozen()
  {
    try {
      for (const auto& failure : backend_.thaw(ids_, Deadline::in(std::chrono::seconds{5}), {})) {
        if (failure && failure->code() != ErrorCode::not_found) {
          tell(*failure);
        }
      }
    } catch (const Error& error) {
      tell(error);
    } catch (const Cancelled&) {
      return;
    }
  }

  void forget(const std::string& id) { std::erase(ids_, id); }

 private:
  void tell(const Error& error)
  {
    // plan's Verb::resume
    warn(reporter_,
         fmt::format("a worker may still be frozen, the next deploy thaws it: {}", error.what()));
  }

  std::vector<std::string> ids_;
  Backend& backend_;
  Reporter& reporter_;
};

void throw_first(const Failures& failures)
{
  const auto failed =
      std::ranges::find_if(failures, [](const auto& one) { return one.has_value(); });
  if (failed != failures.end()) {
    throw **failed;
  }
}

bool has_ended(std::span<const Replica> replicas, const std::string& id)
{
  const auto found = std::ranges::find(replicas, id, &Replica::id);
  return found == replicas.end() || found->state == State::exited || found->state == State::dead;
}

class Retirement {
 public:
  Retirement(std::size_t count, const RetirePolicy& policy, Backend& backend, Reporter& reporter,
             std::stop_token stop)
      : left_{count},
        policy_{policy},
        backend_{backend},
        reporter_{reporter},
        stop_{std::move(stop)}
  {
  }

  Retired run(std::span<const Replica> workers)
  {
    if (workers.empty()) {
      return {};
    }
    identity_ = {.instance = workers.front().instance, .owner = workers.front().owner};
    std::vector<Replica> polite;
    std::vector<Replica> stock;
    std::vector<std::string> stopped;
    std::vector<std::string> frozen;
    for (const auto& worker : workers) {
      if (worker.state == State::paused) {
        frozen.push_back(worker.id);
      }
      if (worker.state != State::running && worker.state != State::paused) {
        stopped.push_back(worker.id);
      } else {
        (worker.drains_on_signal ? polite : stock).push_back(worker);
      }
    }
    remove_first(stopped);
    if (!frozen.empty()) {  // by an interrupted command, which is over
      throw_first(backend_.thaw(frozen, limit_for(frozen.size()), stop_));
    }
    if (policy_.cut_off) {
      remove_first(ids_of(polite));
      remove_first(ids_of(stock));
    } else {
      drain(polite);
      freeze_look_kill(stock);
    }
    return std::move(result_);
  }

 private:
  static std::vector<std::string> ids_of(const std::vector<Replica>& workers)
  {
    std::vector<std::string> ids(workers.size());
    std::ranges::transform(workers, ids.begin(), &Replica::id);
    return ids;
  }

  void remove_first(std::vector<std::string> ids)
  {
    ids.resize(std::min(ids.size(), left_));
    remove(ids);
  }

  void remove(const std::vector<std::string>& ids)
  {
    if (ids.empty()) {
      return;
    }
    const auto results = backend_.remove(ids, limit_for(ids.size()), stop_);
    failpoint("retire.removed");
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!results[i]) {
        result_.removed.push_back(ids[i]);
        --left_;
      }
    }
    throw_first(results);
  }

  std::vector<Replica> look()
  {
    return backend_.list_replicas(identity_, Deadline::in(std::chrono::seconds{30}), stop_);
  }

  // Ours: SIGTERM makes them finish their job and leave.
  void drain(std::vector<Replica> workers)
  {
    if (workers.empty() || left_ == 0) {
      return;
    }
    auto ids = ids_of(workers);
    if (left_ < ids.size()) {
      const auto busy = backend_.are_busy(ids, limit_for(ids.size()), stop_);
      std::vector<std::string> idle_first;
      for (const bool wanted : {false, true}) {
        for (std::size_t i = 0; i < ids.size(); ++i) {
          if (busy[i] == wanted) {
            idle_first.push_back(ids[i]);
          }
        }
      }
      ids = std::move(idle_first);
      ids.resize(left_);
    }
    const auto signalled = backend_.signal(ids, "SIGTERM", limit_for(ids.size()), stop_);
    failpoint("retire.signalled");
    throw_first(signalled);
    await_end(workers.front().service, ids);
  }

  void await_end(const std::string& service, std::vector<std::string> ids)
  {
    const Step step{reporter_, {.id = service + " drain", .group = service, .action = "drain"}};
    for (;;) {
      const auto replicas = look();
      const auto ended = std::stable_partition(
          ids.begin(), ids.end(), [&](const auto& id) { return !has_ended(replicas, id); });
      remove({ended, ids.end()});
      ids.erase(ended, ids.end());
      if (ids.empty()) {
        return;
      }
      if (policy_.drain.is_over()) {
        result_.busy.insert(result_.busy.end(), ids.begin(), ids.end());
        return;
      }
      step.progress(fmt::format("{} finish their job", ids.size()));
      pause_for(k_drain_poll, policy_.drain, stop_);
    }
  }

  void freeze_look_kill(const std::vector<Replica>& workers)
  {
    auto candidates = ids_of(workers);
    while (left_ > 0 && !candidates.empty()) {
      for (std::size_t begin = 0, end = 0; begin < candidates.size() && left_ > 0; begin = end) {
        end = std::min({candidates.size(), begin + k_frozen_at_once, begin + left_});
        round({candidates.begin() + static_cast<std::ptrdiff_t>(begin),
               candidates.begin() + static_cast<std::ptrdiff_t>(end)});
      }
      remove_unfreezable();
      std::erase_if(candidates, [&](const auto& id) {
        return std::ranges::find(result_.removed, id) != result_.removed.end();
      });
      if (left_ == 0 || candidates.empty()) {
        return;
      }
      if (policy_.drain.is_over()) {
        candidates.resize(std::min(candidates.size(), left_));
        result_.busy.insert(result_.busy.end(), candidates.begin(), candidates.end());
        return;
      }
      pause_for(k_between_rounds, policy_.drain, stop_);
    }
  }

  void round(std::vector<std::string> ids)
  {
    const auto deadline = Deadline::in(std::chrono::seconds{20});
    Frozen frozen{ids, backend_, reporter_};
    const auto freezing = backend_.freeze(ids, deadline, stop_);
    failpoint("retire.frozen");
    move_failed(ids, freezing, unfreezable_);
    const auto busy = backend_.are_busy(ids, deadline, stop_);
    std::vector<std::string> idle;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!busy[i]) {
        idle.push_back(ids[i]);
      }
    }
    const auto killing = backend_.signal(idle, "SIGKILL", deadline, stop_);
    std::vector<std::string> alive;
    move_failed(idle, killing, alive);
    for (const auto& id : idle) {
      frozen.forget(id);
    }
    remove(idle);
    throw_first(killing);
  }

  static void move_failed(std::vector<std::string>& ids, const Failures& failures,
                          std::vector<std::string>& failed)
  {
    std::size_t position = 0;
    std::erase_if(ids, [&](const auto& id) {
      const bool has_failed = failures[position++].has_value();
      if (has_failed) {
        failed.push_back(id);
      }
      return has_failed;
    });
  }

  // What cannot be frozen may have ended by itself since it was looked at. If so it runs no job.
  void remove_unfreezable()
  {
    if (unfreezable_.empty()) {
      return;
    }
    const auto replicas = look();
    std::erase_if(unfreezable_, [&](const auto& id) { return !has_ended(replicas, id); });
    remove_first(std::exchange(unfreezable_, {}));
  }

  std::size_t left_;
  const RetirePolicy& policy_;
  Backend& backend_;
  Reporter& reporter_;
  std::stop_token stop_;
  Identity identity_;
  std::vector<std::string> unfreezable_;
  Retired result_;
};

}  // namespace

Retired retire(std::span<const Replica> workers, std::size_t count, const RetirePolicy& policy,
               Backend& backend, Reporter& reporter, std::stop_token stop)
{
  return Retirement{std::min(count, workers.size()), policy, backend, reporter, std::move(stop)}
      .run(workers);
}

}  // namespace pecanctl::engine
