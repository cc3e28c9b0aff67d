// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/run_setup.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "core/base/text.hpp"
#include "core/deployment/plan.hpp"

namespace pecanctl::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds k_observe_time{20};

// A running container that sees /data.
const engine::Replica* find_mounter(const engine::Observation& observed)
{
  const auto found = std::ranges::find_if(observed.replicas, [](const engine::Replica& replica) {
    return replica.state == engine::State::running && replica.mounts.contains("/data");
  });
  return found == observed.replicas.end() ? nullptr : &*found;
}

std::vector<std::string> running_workers(const engine::Observation& observed,
                                         const std::string& model)
{
  std::vector<std::string> ids;
  for (const auto* replica : observed.of_service(model)) {
    if (replica->state == engine::State::running) {
      ids.push_back(replica->id);
    }
  }
  return ids;
}

}  // namespace

fs::path runs_folder(const std::string& instance)
{
  if (::geteuid() == 0) {
    return fs::path{"/var/lib/pecanctl"} / instance / "runs";
  }
  const auto state = find_variable("XDG_STATE_HOME").value_or("");
  const auto home = fs::path{find_variable("HOME").value_or("/")};
  return (state.starts_with('/') ? fs::path{state} : home / ".local" / "state") / "pecanctl" /
         instance / "runs";
}

RunSetup::RunSetup(Context& context)
    : context_{context},
      folder_{runs_folder(context.instance_name())}
{
}

const workflow::RunStore& RunSetup::store()
{
  if (!store_) {
    store_ = std::make_unique<workflow::RunStore>(folder_);
  }
  return *store_;
}

std::optional<workflow::RunStore> RunSetup::find_store() const
{
  return workflow::RunStore::find(folder_);
}

RunTarget RunSetup::find_target(const std::string& model)
{
  std::vector<std::string> names;
  for (const auto& service : context_.stack().services) {
    if (service.model) {
      if (service.name == model || service.model->queue() == model) {
        return {.model = service.name,
                .queue = service.model->queue(),
                .recognises_duplicates = service.model->drains,
                .is_scaled = service.model->scaling.has_value()};
      }
      names.insert(names.end(), {service.name, service.model->queue()});
    }
  }
  const auto deadline = context_.deadline(k_observe_time);
  if (context_.services().has_queue(model, deadline, context_.stop())) {
    return {.queue = model};
  }
  const auto guess = did_you_mean(model, names);
  throw Error{
      {.code = ErrorCode::not_found,
       .what = fmt::format("instance {} has no model '{}'", context_.instance_name(), model),
       .why = fmt::format("it has {}",
                          names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))),
       .hint = guess.empty() ? "add it to `models:` in pecan.yml, then pecanctl deploy" : guess}};
}

void RunSetup::check_listeners(const RunTarget& target, bool is_detached, const Deadline& deadline)
{
  const auto consumers =
      context_.services().find_consumers(target.queue, deadline, context_.stop());
  if (!consumers) {
    throw Error{{.code = ErrorCode::not_found,
                 .what = fmt::format("RabbitMQ has no queue '{}'", target.queue),
                 .why = fmt::format("{} was not deployed", target.model),
                 .hint = "pecanctl deploy"}};
  }
  if (*consumers > 0) {
    return;
  }
  const auto what = fmt::format("no worker listens to queue {}", target.queue);
  const auto hint =
      target.model.empty() ? std::string{} : fmt::format("pecanctl scale {}=1", target.model);
  if (target.is_scaled) {
    note(context_.reporter(),
         fmt::format("{}: the agent, or scale --auto, starts workers for it", what));
    return;
  }
  if (!is_detached) {
    throw Error{{.code = ErrorCode::failed,
                 .what = what,
                 .why = "nothing was submitted: the jobs would wait for ever",
                 .hint = hint}};
  }
  warn(context_.reporter(), fmt::format("{}; the jobs wait for one ({})", what, hint));
}

std::vector<std::string> RunSetup::host_folders()
{
  std::vector<std::string> folders;
  if (!context_.file().data.empty()) {
    folders.push_back(context_.file().data.string());
  }
  const auto observed = context_.backend().observe_containers(
      context_.identity(), context_.deadline(k_observe_time), context_.stop());
  if (const auto* const mounter = find_mounter(observed)) {
    folders.push_back(mounter->mounts.at("/data"));
  } else if (const auto folder = engine::find_volume_folder(
                 context_.docker(), deployment::volume_name(context_.instance_name(), "data"),
                 context_.deadline(k_observe_time), context_.stop())) {
    folders.push_back(*folder);  // no worker runs yet
  }
  return folders;
}

engine::DataAccess& RunSetup::data()
{
  for (const auto& folder : data_ ? std::vector<std::string>{} : host_folders()) {
    try {
      data_ = engine::make_local_data(folder);
      break;
    } catch (const Error& error) {
      debug(context_.reporter(), fmt::format("{}; reading through Docker instead", error.what()));
    }
  }
  if (!data_) {
    data_ = engine::make_engine_data(
        context_.docker(), [this](const Deadline& deadline, std::stop_token stop) {
          const auto observed =
              context_.backend().observe_containers(context_.identity(), deadline, std::move(stop));
          if (const auto* const mounter = find_mounter(observed)) {
            return mounter->id;
          }
          throw Error{{.code = ErrorCode::not_found,
                       .what = "cannot look into /data",
                       .why = "no running container of the instance mounts it",
                       .hint = "start a worker: pecanctl scale MODEL=1"}};
        });
  }
  return *data_;
}

workflow::RunServices RunSetup::services(const RunTarget& target,
                                         std::function<void(const workflow::JobResult&)> on_result)
{
  return {.data = data(),
          .connect =
              [this](const Deadline& deadline, std::stop_token stop) {
                return context_.services().connect_broker(deadline, stop);
              },
          .is_busy =
              [this, target](const Deadline& deadline, std::stop_token stop) {
                if (target.model.empty()) {
                  return true;  // whose workers they are is not known
                }
                const auto observed =
                    context_.backend().observe_containers(context_.identity(), deadline, stop);
                const auto busy = context_.backend().are_busy(
                    running_workers(observed, target.model), deadline, stop);
                return std::ranges::find(busy, true) != busy.end();
              },
          .reporter = context_.reporter(),
          .on_result = std::move(on_result)};
}

}  // namespace pecanctl::cli
