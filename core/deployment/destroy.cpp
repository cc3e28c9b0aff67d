// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/failpoint.hpp"
#include "core/deployment/apply.hpp"

namespace pecanctl::deployment {
namespace {

using engine::Replica;

class Destroyer {
 public:
  Destroyer(const Plan& plan, const engine::Observation& observed, engine::Backend& backend,
            const engine::RetirePolicy& policy, Reporter& reporter, const Deadline& deadline,
            std::stop_token stop)
      : plan_{plan},
        backend_{backend},
        policy_{policy},
        reporter_{reporter},
        deadline_{deadline},
        stop_{std::move(stop)}
  {
    for (const auto& replica : observed.replicas) {
      (replica.is_worker ? workers_ : services_).push_back(replica);
    }
  }

  int run()
  {
    retire_workers();
    remove_services();
    for (const auto& action : plan_.actions) {
      if (action.verb == Verb::remove_network) {
        attempt(action, "network", [&] {
          backend_.remove_network({.id = action.id, .name = action.name}, deadline_, stop_);
        });
      } else if (action.verb == Verb::remove_volume) {
        attempt(action, "volume",
                [&] { backend_.remove_volume({.name = action.name}, deadline_, stop_); });
      }
    }
    if (!left_.empty()) {
      throw Error{
          {.code = ErrorCode::partial,
           .what = fmt::format("cannot remove everything of {}", plan_.instance),
           .why = fmt::format("{}", fmt::join(left_, "\n")),
           .hint = "correct the cause and repeat the command: it goes on with what is left"}};
    }
    return removed_;
  }

 private:
  void retire_workers()
  {
    const auto result =
        engine::retire(workers_, workers_.size(), policy_, backend_, reporter_, stop_);
    removed_ += static_cast<int>(result.removed.size());
    failpoint("destroy.workers");
    if (result.busy.empty()) {
      return;
    }
    std::vector<std::string> names;
    for (const auto& id : result.busy) {
      names.push_back(std::ranges::find(workers_, id, &Replica::id)->name);
    }
    throw Error{{.code = ErrorCode::timeout,
                 .what = fmt::format("cannot destroy {} yet", plan_.instance),
                 .why = fmt::format("{} still run a job", fmt::join(names, ", ")),
                 .hint = "repeat the command later, or add --now to cut the jobs off"}};
  }

  void remove_services()
  {
    std::vector<std::string> ids;
    for (const auto& service : services_) {
      ids.push_back(service.id);
    }
    const Step step{reporter_,
                    {.id = plan_.instance + " services", .group = "services", .action = "remove"}};
    backend_.halt(ids, std::chrono::seconds{10}, deadline_, stop_);
    failpoint("destroy.halted");
    const auto results = backend_.remove(ids, deadline_, stop_);
    failpoint("destroy.services");
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i]) {
        rethrow_unreachable(*results[i]);
        left_.push_back(fmt::format("container {}: {}", services_[i].name, results[i]->what()));
      } else {
        ++removed_;
      }
    }
  }

  // Without the engine nothing more can be done.
  static void rethrow_unreachable(const Error& error)
  {
    if (error.code() == ErrorCode::unreachable) {
      throw Error{error.info()};
    }
  }

  template <typename Work>
  void attempt(const Action& action, std::string_view kind, Work work)
  {
    check_stop(stop_);
    try {
      const Step step{reporter_,
                      {.id = action.name, .group = std::string{kind}, .action = "remove"}};
      work();
      ++removed_;
    } catch (const Error& error) {
      rethrow_unreachable(error);
      left_.push_back(fmt::format("{} {}: {}", kind, action.name, error.what()));
    }
    failpoint("destroy.object");
  }

  const Plan& plan_;
  engine::Backend& backend_;
  const engine::RetirePolicy& policy_;
  Reporter& reporter_;
  const Deadline& deadline_;
  std::stop_token stop_;
  std::vector<Replica> workers_;
  std::vector<Replica> services_;
  std::vector<std::string> left_;
  int removed_ = 0;
};

}  // namespace

int apply_destroy(const Plan& plan, const engine::Observation& observed, engine::Backend& backend,
                  const engine::RetirePolicy& policy, Reporter& reporter, const Deadline& deadline,
                  std::stop_token stop)
{
  return Destroyer{plan, observed, backend, policy, reporter, deadline, std::move(stop)}.run();
}

}  // namespace pecanctl::deployment
