// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/task_workers.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/context.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

constexpr std::chrono::seconds k_look_time{20};

// "sha256:…" of "NAME@sha256:…".
std::string_view digest_of(std::string_view reference)
{
  const auto at = reference.find('@');
  return at == std::string_view::npos ? reference : reference.substr(at + 1);
}

bool is_image(const tasks::Task& task, const std::string& id, Context& context)
{
  const auto wanted = digest_of(task.image);
  if (task.image.empty() || wanted == id) {
    return true;
  }
  const auto image =
      context.backend().find_image(id, context.deadline(k_look_time), context.stop());
  return image && std::ranges::any_of(image->digests, [&](const auto& digest) {
           return digest_of(digest) == wanted;
         });
}

// What is wanted against what there is, as "a job needs 4.0 GiB of memory, …".
class Needs {
 public:
  template <typename Show>
  void add(std::string_view key, double wanted, double limit, const Show& show)
  {
    if (limit > 0 && wanted > limit) {
      lines_.push_back(fmt::format("{} {} - {} = {} too little", key, show(wanted), show(limit),
                                   show(wanted - limit)));
      keys_.push_back(fmt::format("{}: {}", key, show(wanted)));
    }
  }

  void require(const tasks::Task& task, const std::string& model) const
  {
    if (!lines_.empty()) {
      throw Error{
          {.code = ErrorCode::invalid,
           .what = fmt::format("the workers of {} are too small for the task {}", model, task.name),
           .why = fmt::format("needed - limit: {}", fmt::join(lines_, "; ")),
           .hint = fmt::format("write models.{}: {{ {} }} into pecan.yml and deploy, or "
                               "change `resources` in the task file",
                               model, fmt::join(keys_, ", ")),
           .has_changed_nothing = true}};
    }
  }

 private:
  std::vector<std::string> lines_;
  std::vector<std::string> keys_;
};

}  // namespace

std::string require_image(const tasks::Task& task, const RunTarget& target, Context& context)
{
  const auto observed = context.backend().observe_containers(
      context.identity(), context.deadline(k_look_time), context.stop());
  std::set<std::string> ids;
  for (const auto* replica : observed.of_service(target.model)) {
    if (replica->state == engine::State::running) {
      ids.insert(replica->image_id);
    }
  }
  if (ids.empty()) {
    throw Error{{.code = ErrorCode::not_found,
                 .what = fmt::format("cannot run the task {}", task.name),
                 .why = fmt::format("no worker of {} runs", target.model),
                 .hint = fmt::format("pecanctl scale {}={}", target.model, task.quorum),
                 .has_changed_nothing = true}};
  }
  if (ids.size() > 1) {
    throw Error{{.code = ErrorCode::conflict,
                 .what = fmt::format("cannot run the task {}", task.name),
                 .why = fmt::format("the workers of {} have different images: {}", target.model,
                                    fmt::join(ids, ", ")),
                 .hint = "pecanctl deploy makes them one",
                 .has_changed_nothing = true}};
  }
  if (!is_image(task, *ids.begin(), context)) {
    throw Error{{.code = ErrorCode::conflict,
                 .what = fmt::format("cannot run the task {}", task.name),
                 .why = fmt::format("it is for the image {}, and the workers of {} have {}",
                                    task.image, target.model, *ids.begin()),
                 .hint = "deploy that image, or name this one as `image` in the task file",
                 .has_changed_nothing = true}};
  }
  return *ids.begin();
}

void require_resources(const tasks::Task& task, const RunTarget& target, Context& context)
{
  const auto* const service = context.stack().find_service(target.model);
  if (service == nullptr) {
    return;
  }
  Needs needs;
  needs.add("memory", static_cast<double>(task.resources.memory),
            static_cast<double>(service->limits.memory),
            [](double bytes) { return format_size(static_cast<std::uint64_t>(bytes)); });
  const auto number = [](double value) { return fmt::format("{:.4g}", value); };
  needs.add("cpus", task.resources.cpus, service->limits.cpus, number);
  needs.add("pids", task.resources.pids, service->limits.pids, number);
  needs.require(task, target.model);
}

void require_workers(std::size_t wanted, const std::string& why, const RunTarget& target,
                     Context& context)
{
  const auto consumers = context.services().find_consumers(
      target.queue, context.deadline(k_look_time), context.stop());
  if (target.is_scaled || consumers.value_or(0) >= wanted) {
    return;
  }
  throw Error{{.code = ErrorCode::failed,
               .what = fmt::format("{} workers of {} are needed, and {} listen", wanted,
                                   target.model, consumers.value_or(0)),
               .why = why,
               .hint = fmt::format("pecanctl scale {}={}, then the same command again",
                                   target.model, wanted)}};
}

}  // namespace pecanctl::cli
