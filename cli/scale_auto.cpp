// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/scale_auto.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/autoscaler.hpp"
#include "cli/context.hpp"
#include "cli/decisions_view.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

using scaling::Pause;
using scaling::Verdict;

constexpr std::chrono::seconds k_write{20};

Pause pause_of(ScaleMode mode)
{
  switch (mode) {
    case ScaleMode::pause:
      return Pause::all;
    case ScaleMode::pause_up:
      return Pause::up;
    case ScaleMode::pause_down:
      return Pause::down;
    default:
      return Pause::none;
  }
}

void require_models(const std::vector<const stack::Service*>& models)
{
  if (models.empty()) {
    throw Error{{.code = ErrorCode::usage,
                 .what = "no model's queue decides here",
                 .why = "pecan.yml gives no model bounds",
                 .hint = "write `models.NAME.scale: { max: 8 }`"}};
  }
}

void commit_pauses(const std::vector<std::string>& models, Pause pause, Context& context,
                   deployment::Index& index)
{
  std::vector<consul::Operation> operations;
  operations.reserve(models.size());
  for (const auto& model : models) {
    operations.push_back(
        scaling::make_pause(context.instance_name(), model,
                            {.pause = pause,
                             .by = context.user_name(),
                             .at = format_time(std::chrono::system_clock::now())}));
  }
  index.try_commit(std::move(operations), Deadline::in(k_write), context.stop());
}

void set_pause(ScaleMode mode, const std::set<std::string>& only, Context& context)
{
  const auto models = scaled_models(context.stack(), only);
  require_models(models);
  std::vector<std::string> names(models.size());
  std::ranges::transform(models, names.begin(), &stack::Service::name);
  const auto pause = pause_of(mode);
  if (!context.options().is_dry_run) {
    const auto lock = context.lock(context.stack().name);
    commit_pauses(names, pause, context, *context.index());
  }
  for (const auto& name : names) {
    context.printer().say(pause == Pause::none ? fmt::format("{}: its queue decides", name)
                          : pause == Pause::all
                              ? fmt::format("{}: its queue decides nothing until --resume", name)
                              : fmt::format("{}: no worker is {} until --resume", name,
                                            pause == Pause::up ? "added" : "removed"));
  }
}

void look_once(const std::set<std::string>& only, Context& context)
{
  require_models(scaled_models(context.stack(), only));
  const auto rows = Autoscaler{context}.pass(only);
  print_decisions(context, rows);
  const auto changed = std::ranges::count_if(rows, [](const auto& row) {
    return row.verdict == Verdict::up || row.verdict == Verdict::down;
  });
  context.printer().add_to_result(context.options().is_dry_run ? "changes" : "changed", changed);
  for (const auto& row : rows) {
    if (row.verdict == Verdict::error) {
      throw Error{{.code = ErrorCode::partial,
                   .what = fmt::format("cannot scale {} by its queue", row.model),
                   .why = row.reason,
                   .hint = "pecanctl status"}};
    }
  }
}

}  // namespace

void run_scale_mode(ScaleMode mode, const std::set<std::string>& models, Context& context)
{
  if (mode == ScaleMode::look) {
    look_once(models, context);
  } else {
    set_pause(mode, models, context);
  }
}

void pause_after_scale(Context& context, const std::map<std::string, int>& replicas,
                       deployment::Index& index)
{
  std::vector<std::string> names;
  for (const auto* model : scaled_models(context.stack(), {})) {
    if (replicas.contains(model->name)) {
      names.push_back(model->name);
      note(context.reporter(),
           fmt::format("the queue of {} decides nothing from now on, until pecanctl scale --resume "
                       "{}",
                       model->name, model->name));
    }
  }
  if (!names.empty()) {
    commit_pauses(names, Pause::all, context, index);
  }
}

}  // namespace pecanctl::cli
