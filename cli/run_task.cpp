// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/run_task.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "cli/run_carry_out.hpp"
#include "cli/run_view.hpp"
#include "cli/task_rounds.hpp"
#include "cli/task_view.hpp"
#include "cli/task_workers.hpp"
#include "core/base/fd.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/tasks/board.hpp"
#include "core/tasks/bundle.hpp"
#include "core/tasks/task.hpp"

namespace pecanctl::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes k_files_time{30};
constexpr std::size_t k_shown_digits = 12;

// Held while a task is worked on: two commands would decide about the same results.
Fd lock_task(const fs::path& runs, const std::string& root)
{
  const auto folder = runs.parent_path() / "tasks";
  fs::create_directories(folder);
  const auto path = folder / (fs::path{root}.filename().string() + ".lock");
  Fd file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) {
    throw system_error(fmt::format("cannot open {}", path.string()), errno);
  }
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    throw Error{{.code = ErrorCode::conflict,
                 .what = fmt::format("cannot run the task {}", root),
                 .why = "another pecanctl is at it",
                 .hint = "wait for that one: pecanctl run --attach",
                 .has_changed_nothing = true}};
  }
  return file;
}

// One task, from its file to its result.
class TaskRun {
 public:
  TaskRun(const RunFlags& flags, RunSetup& setup, Context& context)
      : flags_{flags},
        setup_{setup},
        context_{context},
        task_{tasks::load_task(flags.task, find_variable)},
        target_{find_target()},
        view_{task_, setup, context}
  {
  }

  void run()
  {
    setup_.check_listeners(target_, false, context_.deadline(k_look));
    require_resources(task_, target_, context_);
    surroundings_ = {.harness = read_file(context_.templates() / "tasks" / "harness.sh"),
                     .image_id = require_image(task_, target_, context_)};
    require_workers(
        static_cast<std::size_t>(task_.quorum),
        fmt::format("`quorum: {}` runs each chunk on so many different ones", task_.quorum),
        target_, context_);
    bundle_ = tasks::survey(task_, surroundings_, context_.stop());
    if (context_.options().is_dry_run || context_.options().is_check) {
      tell_plan();
      return;
    }
    const auto lock = lock_task(runs_folder(context_.instance_name()), bundle_.root);
    try {
      work();
    } catch (const Cancelled&) {
      view_.tell_interrupted();
      throw;
    }
  }

 private:
  static constexpr std::chrono::seconds k_look{20};

  RunTarget find_target()
  {
    const auto& model = flags_.model.empty() ? task_.model : flags_.model;
    if (model.empty()) {
      throw Error{{.code = ErrorCode::usage,
                   .what = fmt::format("cannot run the task {}", task_.name),
                   .why = "neither the task file nor the command line names a model",
                   .hint = fmt::format("pecanctl run MODEL --task {}", flags_.task)}};
    }
    auto target = setup_.find_target(model);
    if (target.model.empty()) {
      throw Error{
          {.code = ErrorCode::not_found,
           .what = fmt::format("cannot run the task {}", task_.name),
           .why = fmt::format("'{}' is a queue: whose workers listen to it is not known", model),
           .hint = "name a model of pecan.yml"}};
    }
    return target;
  }

  tasks::Board make_map_board()
  {
    return {setup_.data(),
            {.root = bundle_.root,
             .job = {.quorum = task_.quorum, .timeout = task_.timeout},
             .max_results = task_.max_results,
             .retries = task_.retries,
             .is_exact = !task_.compare.is_csv && task_.compare.command.empty()},
            std::move(bundle_.chunks)};
  }

  // The accepted outputs, in the order of the chunks, are its input; and its name, so that it is
  // done once for the same ones.
  tasks::Board make_reduce_board(const tasks::Board& map)
  {
    std::vector<tasks::ListedFile> files;
    for (std::size_t unit = 0; unit < map.units().size(); ++unit) {
      files.push_back(map.accepted(unit));
    }
    auto list = tasks::render_list(files);
    auto digest = sha256_hex(list);
    std::vector<tasks::Unit> units;
    units.push_back({.name = digest.substr(0, k_shown_digits),
                     .digest = digest,
                     .files = {{.path = "chunk", .content = std::move(list)}}});
    return {setup_.data(),
            {.root = bundle_.root,
             .job = {.stage = "reduce", .timeout = task_.timeout},
             .retries = task_.retries},
            std::move(units)};
  }

  void work()
  {
    cut();
    TaskRounds rounds{task_, bundle_.root, target_, flags_, setup_, context_};
    auto map = make_map_board();
    const auto chunks = map.units().size();
    for (int attempt = 0;; ++attempt) {
      const auto standing = rounds.complete(map, "map");
      if (!standing.failed.empty()) {
        view_.fail(map, standing, "map");
      }
      if (standing.verified < chunks) {
        tell_detached();
        return;
      }
      auto reduce = make_reduce_board(map);
      const auto reduced = rounds.complete(reduce, "reduce");
      if (reduced.verified == 1) {
        finish(reduce, standing, chunks, rounds.has_run());
        return;
      }
      if (reduced.failed.empty()) {
        tell_detached();
        return;
      }
      const auto& failures = reduce.failures();
      const bool is_damaged = !failures.empty() && failures.begin()->second.report &&
                              failures.begin()->second.report->step == "input";
      if (!is_damaged || attempt > 0) {
        view_.fail(reduce, reduced, "reduce");
      }
      note(context_.reporter(), "an output of the map was changed: all of them are checked again");
      map.distrust();
    }
  }

  void cut()
  {
    const auto deadline = Deadline::in(k_files_time);
    if (tasks::is_made(setup_.data(), bundle_, deadline, context_.stop())) {
      return;
    }
    Step step{context_.reporter(), {.id = task_.name, .group = "input", .action = "cut"}};
    const auto total = bundle_.chunks.size();
    tasks::make_bundle(
        setup_.data(), task_, surroundings_, bundle_,
        [&](std::size_t made) { step.progress("cutting", made, total, "chunks"); }, deadline,
        context_.stop());
    step.set_detail(fmt::format("{}, {}", count_chunks(total), format_size(bundle_.bytes)));
  }

  void finish(const tasks::Board& reduce, const tasks::Standing& map, std::size_t chunks,
              bool is_new)
  {
    TaskOutcome outcome{.folder = bundle_.root, .chunks = chunks, .map = map, .is_new = is_new};
    const auto slot = reduce.accepted_slot(0);
    const auto report =
        tasks::find_report(setup_.data(), slot, Deadline::in(k_files_time), context_.stop());
    for (const auto& file : report ? report->files : std::vector<tasks::ListedFile>{}) {
      outcome.files.push_back(fmt::format("{}/{}", slot, file.name));
    }
    view_.finish(outcome);
  }

  void tell_detached()
  {
    context_.printer().say(fmt::format(
        "{}: jobs submitted to {}; the same command goes on with them", task_.name, target_.queue));
    context_.printer().add_to_result("task", "/data/" + bundle_.root);
  }

  // What the next round would run; what comes after it depends on that.
  void tell_plan()
  {
    const auto chunks = bundle_.chunks.size();
    const auto bytes = bundle_.bytes;
    const auto deadline = Deadline::in(k_files_time);
    auto steps = nlohmann::json::array();
    const bool is_cut = tasks::is_made(setup_.data(), bundle_, deadline, context_.stop());
    auto map = make_map_board();
    map.refresh({}, deadline, context_.stop());
    auto standing = map.judge();
    for (const auto& folder : map.list_open()) {
      add_step(folder, is_cut ? "not verified yet" : "cut from the input first", steps);
    }
    if (standing.verified < chunks) {
      add_step(bundle_.root + "/reduce", "when every chunk is verified", steps);
    } else {
      auto reduce = make_reduce_board(map);
      reduce.refresh({}, deadline, context_.stop());
      for (const auto& folder : reduce.list_open()) {
        add_step(folder, "every chunk is verified", steps);
      }
    }
    const auto count = steps.size();
    context_.printer().say(fmt::format(
        "{} of {}, {} verified; {} to run (nothing is submitted by this command)",
        count_chunks(chunks), format_size(bytes), standing.verified, count_jobs(count)));
    context_.printer().record(
        "plan", {{"changes", count}, {"deletes_data", false}, {"steps", std::move(steps)}});
    context_.printer().add_to_result("changes", count);
    context_.printer().add_to_result("jobs", count);
    context_.printer().add_to_result("chunks", chunks);
    if (context_.options().is_check && count > 0) {
      throw Error{{.code = ErrorCode::finding,
                   .what = fmt::format("the task {} is not done", task_.name),
                   .hint = "run the same command without --check"}};
    }
  }

  void add_step(const std::string& folder, std::string_view reason, nlohmann::json& steps)
  {
    context_.printer().say(
        fmt::format("  + /data/{:<40} to {}   {}", folder, target_.queue, reason));
    steps.push_back({{"id", folder}, {"action", "submit"}, {"reason", reason}});
  }

  const RunFlags& flags_;
  RunSetup& setup_;
  Context& context_;
  tasks::Task task_;
  RunTarget target_;
  TaskView view_;
  tasks::Surroundings surroundings_;
  tasks::Bundle bundle_;
};

}  // namespace

void run_task(const RunFlags& flags, RunSetup& setup, Context& context)
{
  TaskRun{flags, setup, context}.run();
}

}  // namespace pecanctl::cli
