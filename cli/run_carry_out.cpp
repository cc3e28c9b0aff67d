// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/run_carry_out.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "cli/run_view.hpp"
#include "core/arrays/result_path.hpp"
#include "core/workflow/begin.hpp"
#include "core/workflow/watch.hpp"

namespace pecanctl::cli {
namespace {

constexpr std::chrono::seconds k_decide_time{60};

}  // namespace

Deadline whole_time(const Context& context)
{
  const auto limit = context.options().timeout;
  return limit.count() > 0 ? Deadline::in(limit) : Deadline::never();
}

void carry_out(workflow::HeldRun& held, const RunTarget& target, const RunFlags& flags,
               RunReports& reports, RunSetup& setup, Context& context)
{
  RunView view{context.printer(), context.reporter(), held.state.info};
  const auto on_result = [&](const auto& result) {
    view.add(result);
    reports.add(result);
  };
  workflow::Run run{held,
                    setup.services(target, on_result),
                    {.most_at_once = flags.jobs,
                     .recognises_duplicates = target.recognises_duplicates,
                     .tells_share = flags.shows_bar,
                     .tells_time_left = flags.shows_eta}};
  const auto deadline = whole_time(context);
  try {
    if (flags.is_detached) {
      run.submit(deadline, context.stop());
      view.tell_detached();
      return;
    }
    run.wait(deadline, context.stop());
  } catch (const Cancelled&) {
    view.tell_interrupted();
    throw;
  } catch (Error& error) {
    throw view.with_advice(error);
  }
  if (held.state.is_over()) {
    setup.store().finish(held);
  }
  view.finish(run.totals());
}

void attach_to_run(const RunFlags& flags, RunSetup& setup, Context& context)
{
  const auto& store = setup.store();
  auto lock = store.lock(context.deadline(k_decide_time), context.stop());
  const auto id = workflow::find_run(store, flags.attach);
  auto held = store.open(id);
  lock.reset();
  const auto info = held ? held->state.info : store.read(id).info;
  RunReports reports{flags, info.queue, [](auto folder) { return arrays::result_path(folder); }};
  if (!held) {
    RunView view{context.printer(), context.reporter(), info};
    auto watched = workflow::watch_run(
        store, id, context.reporter(),
        [&](const auto& result) {
          view.add(result);
          reports.add(result);
        },
        whole_time(context), context.stop());
    if (!watched.run) {
      view.finish(workflow::count_ends(watched.state.jobs));
      return;
    }
    held = std::move(watched.run);
  }
  carry_out(*held, setup.find_target(held->state.info.model), flags, reports, setup, context);
}

void cancel_run(const RunFlags& flags, RunSetup& setup, Context& context)
{
  const auto& store = setup.store();
  const auto id = workflow::find_run(store, flags.cancel);
  const auto deadline = context.deadline(k_decide_time);
  auto watched = workflow::cancel_run(store, id, deadline, context.stop());
  if (auto& held = watched.run) {
    const auto target = setup.find_target(held->state.info.model);
    workflow::Run run{*held, setup.services(target, [](const auto&) {}), {}};
    run.cancel(deadline, context.stop());
    if (held->state.is_over()) {
      store.finish(*held);
    }
  }
  const auto totals =
      workflow::count_ends(watched.run ? watched.run->state.jobs : watched.state.jobs);
  context.printer().say(fmt::format("run {}: {} taken back, {} going on, {} over", id,
                                    count_jobs(totals.cancelled), totals.left(),
                                    totals.ok + totals.failed));
  context.printer().add_to_result("run", id);
  context.printer().add_to_result("cancelled", totals.cancelled);
  context.printer().add_to_result("under_way", totals.left());
}

}  // namespace pecanctl::cli
