// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/report.hpp"
#include "core/engine/backend.hpp"
#include "core/stack/stack.hpp"

namespace pecanctl::deployment {

/// Tells why `count` workers of a service do not take jobs yet, or nothing when they do. A worker
/// has no health check of its own: being registered as consumer at the broker is its health.
using WorkerProbe =
    std::function<std::optional<std::string>(const stack::Service& service, std::size_t count,
                                             const Deadline& deadline, std::stop_token stop)>;

/// A container that was started and has to prove itself.
struct Awaited {
  std::string id = {};
  std::string name = {};
  const stack::Service* service = nullptr;
};

/// What one look at the awaited containers showed.
struct Looked {
  struct Failed {
    Awaited awaited = {};
    Error error;
  };

  std::vector<Awaited> ready = {};   ///< for the first time
  std::vector<Awaited> proven = {};  ///< ready for their window: no longer watched
  std::vector<Failed> failed = {};   ///< no longer watched
};

/// Watches containers until each is ready: running and healthy for its window without a break;
/// workers: running, and the probe content.
class Vigil {
 public:
  /// All of it outlives the vigil.
  Vigil(const engine::Identity& identity, engine::View& view, const WorkerProbe& probe);
  ~Vigil();
  Vigil(const Vigil&) = delete;
  Vigil& operator=(const Vigil&) = delete;

  /// From now on `awaited` is watched, and `reporter`, which outlives that, told. One that is not
  /// ready at `deadline` has failed. `window` 0: it ran before; its next health check may find it
  /// well.
  void add(const Awaited& awaited, std::chrono::milliseconds window, const Deadline& deadline,
           Reporter& reporter);
  bool is_empty() const;

  /// Looks once; failures come with their last log lines. @throws Cancelled, or Error when the
  /// engine itself fails.
  Looked look(const std::stop_token& stop);
  /// The same, where all containers were seen just now.
  Looked look(std::span<const engine::Replica> replicas, const std::stop_token& stop);

 private:
  struct Item;

  void update(Item& item, std::span<const engine::Replica> replicas, const Deadline& deadline,
              const std::stop_token& stop);
  void update_workers(std::span<const engine::Replica> replicas, const Deadline& deadline,
                      const std::stop_token& stop);
  void update_service(const stack::Service& service, std::span<const engine::Replica> replicas,
                      const Deadline& deadline, const std::stop_token& stop);
  void fail(Item& item, const std::string& problem, const Deadline& deadline,
            const std::stop_token& stop);
  void give_up(Item& item, const std::stop_token& stop);
  Looked take_over();

  const engine::Identity& identity_;
  engine::View& view_;
  const WorkerProbe& probe_;
  std::vector<Item> items_;
};

/// Between two looks.
inline constexpr std::chrono::milliseconds k_look_pause{100};

/// Waits until all of `awaited` are ready, as a vigil has it. Returns what failed, by container
/// name, each with its last log lines; a timeout is such a failure too. @throws Cancelled, or Error
/// when the engine itself fails.
std::map<std::string, Error> wait_ready(std::span<const Awaited> awaited,
                                        const engine::Identity& identity, engine::View& view,
                                        const WorkerProbe& probe, std::chrono::milliseconds window,
                                        Reporter& reporter, const Deadline& deadline,
                                        std::stop_token stop);

/// The engine's refusal to start a container, by the container's name and with what to do.
Error explain_refusal(const Awaited& awaited, const Error& refusal);

/// What an operator needs to know of a container that did not come up: how it ended, its health
/// check's output, its last 20 log lines.
Error explain_failure(const Awaited& awaited, std::string_view problem, engine::View& view,
                      const Deadline& deadline, std::stop_token stop);

}  // namespace pecanctl::deployment
