// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/deployment/index.hpp"
#include "core/engine/backend.hpp"
#include "core/scaling/record.hpp"
#include "core/stack/stack.hpp"

namespace pecanctl::cli {

class Context;

/// Lets the queues of one instance set the numbers of workers. Looks, decides (scaling::decide),
/// acts under the instance's lock, and records every decision in Consul. One scaler an instance at
/// a time: the first call of `pass` claims that in Consul, until the end of this object.
class Autoscaler {
 public:
  explicit Autoscaler(Context& context);

  /// One look at each model that has `scale:` (those of `only`; empty: all), and what follows.
  /// Workers of any model that ended without anybody's wish are started again. What
  /// cannot be known or done is a row with the verdict error; nothing of it is thrown. With -n
  /// nothing is claimed, changed or recorded.
  /// @throws Error conflict: another scaler has the instance; not_found: it is not deployed;
  /// unreachable: Docker or Consul does not answer. Cancelled.
  std::vector<scaling::Row> pass(const std::set<std::string>& only);

 private:
  struct Known {
    scaling::State state = {};
    scaling::Row last = {};
    Deadline write_after = Deadline::in(std::chrono::milliseconds{0});
    Deadline repair_after = Deadline::in(std::chrono::milliseconds{0});
    std::optional<Deadline> deaf = {};  ///< over: idle workers have long been no consumers
  };

  consul::Client& client();
  Known& known(const std::string& model);
  scaling::Sight look(const stack::Service& service, const engine::Observation& observed);
  scaling::Row treat(const stack::Service& service, const engine::Observation& observed);
  void note_deafness(std::uint64_t consumers, const scaling::Sight& sight, Known& kept);
  void act(const stack::Service& service, const engine::Observation& observed, bool replaces_all,
           scaling::Row& row);
  void mend_others(const engine::Observation& observed);
  void record(const std::string& model, scaling::Row& row);

  Context& context_;
  std::unique_ptr<deployment::Index> claim_;
  std::unique_ptr<consul::Client> reader_;  ///< with -n
  std::map<std::string, Known> known_;
  std::map<std::string, Deadline> mend_after_;  ///< by model that has no `scale:`
};

/// The models of the stack whose queue decides. @throws Error not_found, usage for a name of `only`
/// that is none.
std::vector<const stack::Service*> scaled_models(const stack::Stack& stack,
                                                 const std::set<std::string>& only);

}  // namespace pecanctl::cli
