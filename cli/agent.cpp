// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/agent.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/agent_announce.hpp"
#include "cli/agent_deploy.hpp"
#include "cli/agent_register.hpp"
#include "cli/agent_serve.hpp"
#include "cli/autoscaler.hpp"
#include "cli/connections_health.hpp"
#include "cli/context.hpp"
#include "core/base/retry.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// At most a quarter of the time goes into looking.
constexpr int k_idle_share = 3;
constexpr RetryPolicy k_retry_patience{.first = milliseconds{500}, .longest = milliseconds{15'000}};

// Tells an instance's notes as such, without its secrets. Steps are too much for a log.
class InstanceReporter : public Reporter {
 public:
  InstanceReporter(Reporter& next, output::Printer& printer, std::string instance)
      : next_{next},
        printer_{printer},
        instance_{std::move(instance)}
  {
  }

  void rename(std::string instance) { instance_ = std::move(instance); }

  void on(const Event& event) noexcept override
  {
    if (const auto* told = std::get_if<Note>(&event)) {
      next_.on(
          Note{.level = told->level, .text = fmt::format("{}: {}", instance_, hide(told->text))});
    } else if (const auto* end = std::get_if<StepFinished>(&event);
               end != nullptr && end->outcome == StepOutcome::failed && !end->detail.empty()) {
      warn(next_, fmt::format("{}: {} failed: {}", instance_, end->id, hide(end->detail)));
    }
  }

 private:
  std::string hide(std::string text) const { return printer_.redactor().redact(text); }

  Reporter& next_;
  output::Printer& printer_;
  std::string instance_;
};

class ScaleDuty : public Duty {
 public:
  explicit ScaleDuty(const DutyBench& bench) : bench_{bench}, scaler_{bench.context} {}

  bool pass() override
  {
    const auto rows = scaler_.pass({});
    bench_.health.decide(bench_.context.instance_name(), rows);
    bool has_changed = false;
    for (const auto& row : rows) {
      if (row.verdict == scaling::Verdict::up || row.verdict == scaling::Verdict::down) {
        has_changed = true;
        note(bench_.reporter,
             fmt::format("{} {} -> {}: {}", row.model, row.workers, row.target, row.reason));
      } else if (row.verdict == scaling::Verdict::error && row.looks == 1) {
        warn(bench_.reporter,
             fmt::format("{} stays at {}: {}", row.model, row.workers, row.reason));
      }
    }
    return has_changed;
  }

 private:
  DutyBench bench_;
  Autoscaler scaler_;
};

std::vector<DutyKind> all_duties(const AgentOptions& options)
{
  constexpr milliseconds k_announce{5000};
  return {{.name = "deploy", .interval = milliseconds{1}, .make = make_deploy_duty},
          {.name = "scale",
           .interval = options.interval,
           .idle_share = k_idle_share,
           .make = [](const DutyBench& bench) { return std::make_unique<ScaleDuty>(bench); }},
          {.name = "announce", .interval = k_announce, .make = make_announce_duty},
          {.name = "register", .interval = k_announce, .make = make_register_duty},
          {.name = "serve", .interval = k_announce, .make = make_serve_duty}};
}

// When one of these changes, what was read from them is old.
std::vector<fs::file_time_type> stamps(Context& context)
{
  std::vector<fs::file_time_type> times;
  std::error_code error;
  const auto& file = context.file();
  times.push_back(fs::last_write_time(file.path, error));
  for (fs::directory_iterator entry{file.secrets_folder(), error}, end; !error && entry != end;
       entry.increment(error)) {
    times.push_back(fs::last_write_time(entry->path(), error));
  }
  return times;
}

// One duty of one instance, on a thread of its own.
class Service {
 public:
  Service(GlobalOptions options, DutyKind kind, Health& health, Reporter& reporter,
          std::stop_token stop)
      : options_{std::move(options)},
        kind_{std::move(kind)},
        name_{options_.instance.empty() ? options_.directory : options_.instance},
        health_{health},
        next_{reporter},
        stop_{std::move(stop)}
  {
  }

  void run()
  {
    std::minstd_rand random{std::random_device{}()};
    int failures = 0;
    while (!stop_.stop_requested()) {
      try {
        const auto begun = std::chrono::steady_clock::now();
        step();
        failures = 0;
        const auto took =
            std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun);
        pause_for(std::max(kind_.interval, kind_.idle_share * took), Deadline::never(), stop_);
      } catch (const Cancelled&) {
        break;
      } catch (const std::exception& error) {
        forget();
        if (health_.fail(name_, kind_.name, error.what())) {
          warn(next_, fmt::format("{}: cannot {} now: {}", name_, kind_.name, error.what()));
        }
        if (!sleep(next_delay(++failures, k_retry_patience, random))) {
          break;
        }
      }
    }
    forget();
  }

 private:
  bool step()
  {
    if (context_ && stamps(*context_) != stamps_) {
      note(next_, fmt::format("{}: its files changed", name_));
      forget();
    }
    if (!context_) {
      begin();
    }
    const bool has_changed = duty_->pass();
    health_.succeed(name_, kind_.name);
    return has_changed;
  }

  void begin()
  {
    printer_ = std::make_unique<output::Printer>(false, true, false, stop_);
    reporter_ = std::make_unique<InstanceReporter>(next_, *printer_, name_);
    context_ = std::make_unique<Context>(options_, "agent", *reporter_, *printer_, stop_);
    if (const auto known = context_->instance_name(); known != name_) {  // it was called by folder
      health_.forget(name_, kind_.name);
      name_ = known;
      reporter_->rename(known);
    }
    stamps_ = stamps(*context_);
    context_->secrets();  // known to the redactor before anything is told
    duty_ = kind_.make({.context = *context_, .health = health_, .reporter = *reporter_});
  }

  bool sleep(milliseconds duration)
  {
    try {
      pause_for(duration, Deadline::never(), stop_);
      return true;
    } catch (const Cancelled&) {
      return false;
    }
  }

  // In this order: each uses the next.
  void forget()
  {
    duty_.reset();
    context_.reset();
    reporter_.reset();
    printer_.reset();
  }

  GlobalOptions options_;
  DutyKind kind_;
  std::string name_;
  Health& health_;
  Reporter& next_;
  std::stop_token stop_;
  std::unique_ptr<output::Printer> printer_;
  std::unique_ptr<InstanceReporter> reporter_;
  std::unique_ptr<Context> context_;
  std::unique_ptr<Duty> duty_;
  std::vector<fs::file_time_type> stamps_;
};

// Each instance under its own options: by folder when it looks like one, else by name.
std::vector<GlobalOptions> instance_options(const AgentOptions& options, Context& context)
{
  auto common = context.options();
  common.lock_wait = milliseconds{0};
  common.timeout = milliseconds{0};
  if (options.instances.empty()) {
    common.instance = context.instance_name();
    if (const auto path = context.find_path(); path && common.file.empty()) {
      common.directory = path->parent_path().string();
    }
    return {common};
  }
  std::vector<GlobalOptions> all;
  for (const auto& name : options.instances) {
    auto one = common;
    one.file.clear();
    const bool is_folder = name.find('/') != std::string::npos || name == ".";
    one.directory = is_folder ? fs::absolute(name).string() : std::string{};
    one.instance = is_folder ? std::string{} : name;
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<DutyKind> chosen_duties(const AgentOptions& options)
{
  auto kinds = all_duties(options);
  for (const auto& name : options.duties) {
    const auto names = duty_names();
    if (std::ranges::find(names, name) == names.end()) {
      throw Error{{.code = ErrorCode::usage,
                   .what = fmt::format("there is no duty '{}'", name),
                   .why = fmt::format("the agent has {}", fmt::join(names, ", ")),
                   .hint = did_you_mean(name, names)}};
    }
  }
  std::erase_if(kinds, [&](const DutyKind& kind) {
    return !options.duties.empty() && !options.duties.contains(kind.name);
  });
  return kinds;
}

}  // namespace

std::vector<std::string> duty_names()
{
  std::vector<std::string> names;
  for (const auto& kind : all_duties({})) {
    names.push_back(kind.name);
  }
  return names;
}

void run_agent(const AgentOptions& options, Context& context)
{
  const auto kinds = chosen_duties(options);
  const auto instances = instance_options(options, context);
  Health health;
  std::vector<std::unique_ptr<Service>> services;
  for (const auto& instance : instances) {
    for (const auto& kind : kinds) {
      services.push_back(
          std::make_unique<Service>(instance, kind, health, context.reporter(), context.stop()));
    }
  }
  std::string url;
  const auto server = serve_health(health, options.listen, url);
  std::vector<std::string> names(kinds.size());
  std::ranges::transform(kinds, names.begin(), &DutyKind::name);
  note(context.reporter(),
       fmt::format("duties: {}; {}/health, {}/metrics", fmt::join(names, ", "), url, url));
  std::vector<std::jthread> threads;
  threads.reserve(services.size());
  for (auto& service : services) {
    threads.emplace_back([&service] { service->run(); });
  }
  threads.clear();  // joins
  note(context.reporter(), "stopped; what runs goes on");
}

}  // namespace pecanctl::cli
