// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/watch_view.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "cli/output/terminal.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

using inspection::QueueUsage;
using inspection::ReplicaUsage;

constexpr int k_wide = 60;  // below, only what matters most is shown
constexpr int k_bar_cells = 10;

std::size_t width_of(std::string_view text)
{
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char letter) { return (static_cast<unsigned char>(letter) & 0xC0U) != 0x80U; }));
}

std::string pad(std::string text, std::size_t width)
{
  const auto cells = width_of(text);
  return cells < width ? text + std::string(width - cells, ' ') : text;
}

std::string pad_left(const std::string& text, std::size_t width)
{
  const auto cells = width_of(text);
  return cells < width ? std::string(width - cells, ' ') + text : text;
}

std::string percent(std::optional<double> share)
{
  return share ? fmt::format("{:.0f}%", std::max(0.0, *share) * 100) : std::string{"-"};
}

std::string bar(double share, const WatchStyle& style)
{
  const auto full = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * k_bar_cells));
  std::string text;
  for (int i = 0; i < k_bar_cells; ++i) {
    text += i < full ? (style.has_unicode ? "█" : "#") : (style.has_unicode ? "░" : ".");
  }
  return text;
}

std::string number(const std::optional<std::uint64_t>& value)
{
  return value ? std::to_string(*value) : std::string{"?"};
}

std::string rate(const std::optional<double>& value)
{
  return value ? fmt::format("{:.1f}", *value) : std::string{"-"};
}

double share(std::uint64_t part, std::uint64_t whole)
{
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

// A titled list of which as much is shown as fits.
struct Section {
  std::string title;
  std::vector<std::string> rows;

  std::size_t wanted() const { return rows.empty() ? 0 : rows.size() + 1; }
};

class WatchPainter {
 public:
  WatchPainter(const WatchScreen& screen, int columns, int rows, const WatchStyle& style)
      : screen_{screen},
        columns_{std::max(columns, 1)},
        rows_{static_cast<std::size_t>(std::max(rows, 1))},
        style_{style},
        is_wide_{columns >= k_wide}
  {
  }

  std::vector<std::string> paint()
  {
    add(header());
    add(machine());
    // The list of containers gives way first: queues and runs are short, and say more.
    auto problems = problem_section();
    auto runs = run_section();
    auto queues = queue_section();
    auto containers = container_section();
    const auto free = rows_ - std::min(rows_, lines_.size());
    const auto reserve = [&](const Section& section, std::size_t most) {
      return std::min({section.wanted(), most, free});
    };
    const auto for_problems = reserve(problems, 1 + free / 6);
    const auto for_runs = reserve(runs, 2 + free / 5);
    const auto for_queues = reserve(queues, 2 + free / 5);
    const auto others = for_problems + for_runs + for_queues;
    const auto for_containers =
        std::min(containers.wanted(), std::max<std::size_t>(free - std::min(free, others), 3));
    add(containers, for_containers);
    const auto rest = [&] { return rows_ - std::min(rows_, lines_.size()); };
    add(queues,
        std::min(rest(), std::max(for_queues, rest() - std::min(rest(), for_runs + for_problems))));
    add(runs, std::min(rest(), std::max(for_runs, rest() - std::min(rest(), for_problems))));
    add(problems, rest());
    return std::move(lines_);
  }

 private:
  void add(const std::string& line)
  {
    if (lines_.size() < rows_) {
      lines_.push_back(output::clip(line, columns_));
    }
  }

  void add(const Section& section, std::size_t lines)
  {
    if (section.rows.empty() || lines < 2) {
      return;
    }
    const auto titled = output::clip(section.title, columns_);
    if (lines_.size() < rows_) {
      lines_.push_back(style_.has_color ? "\x1b[1m" + titled + "\x1b[0m" : titled);
    }
    const bool fits = section.rows.size() + 1 <= lines;
    const auto shown = fits ? section.rows.size() : lines - 2;
    for (std::size_t i = 0; i < shown; ++i) {
      add(section.rows[i]);
    }
    if (!fits) {
      add(fmt::format("{} {} more", style_.has_unicode ? "…" : "...", section.rows.size() - shown));
    }
  }

  std::string header() const
  {
    const auto& replicas = screen_.usage.replicas;
    const auto fine = std::ranges::count_if(replicas, [](const ReplicaUsage& replica) {
      return replica.state == "running" || replica.state == "healthy";
    });
    auto left = fmt::format("{}   {}/{} up   revision {}", screen_.instance, fine, replicas.size(),
                            screen_.usage.revision);
    const auto time = format_time(screen_.usage.time).substr(11, 8);
    const auto keys = style_.takes_keys ? "   q quits" : "";
    const auto columns = static_cast<std::size_t>(columns_);
    for (const auto& right :
         {fmt::format("{} UTC, every {}{}", time, format_duration(screen_.interval), keys),
          fmt::format("{}{}", time, keys), time}) {
      if (const auto used = width_of(left) + width_of(right); used + 2 <= columns) {
        return fmt::format("{}{:{}}{}", left, "", columns - used, right);
      }
    }
    return left;
  }

  std::string machine() const
  {
    const auto& machine = screen_.usage.machine;
    const auto memory = share(machine.memory_used, machine.memory_total);
    const auto disk = 1 - share(machine.disk_free, std::max<std::uint64_t>(machine.disk_total, 1));
    if (!is_wide_) {
      return fmt::format("cpu {}  mem {}  disk {}", percent(machine.cpu), percent(memory),
                         percent(disk));
    }
    return fmt::format("cpu {} {}   memory {} {}   disk {} {}",
                       bar(machine.cpu.value_or(0), style_), pad_left(percent(machine.cpu), 4),
                       bar(memory, style_), percent(memory), bar(disk, style_), percent(disk));
  }

  Section container_section() const
  {
    std::size_t width = 9;
    for (const auto& replica : screen_.usage.replicas) {
      width = std::max(width, width_of(replica.label));
    }
    width = std::min<std::size_t>(width, is_wide_ ? 24 : 14);
    Section section{.title = is_wide_
                                 ? pad("CONTAINER", width) + "  STATE        CPU  LIMIT  MEMORY"
                                 : pad("CONTAINER", width) + "   CPU     MEMORY",
                    .rows = {}};
    auto replicas = screen_.usage.replicas;
    // What is not well comes first, then who uses most: that is what falls off last.
    std::ranges::stable_sort(replicas, [](const ReplicaUsage& a, const ReplicaUsage& b) {
      const auto rank = [](const ReplicaUsage& replica) {
        return replica.state == "running" || replica.state == "healthy" ? 1 : 0;
      };
      return std::tuple{rank(a), -std::round(a.cpu.value_or(0) * 20), a.is_worker} <
             std::tuple{rank(b), -std::round(b.cpu.value_or(0) * 20), b.is_worker};
    });
    for (const auto& replica : replicas) {
      section.rows.push_back(container_row(replica, width));
    }
    return section;
  }

  std::string container_row(const ReplicaUsage& replica, std::size_t width) const
  {
    const auto name = pad(output::clip(replica.label, static_cast<int>(width)), width);
    const auto memory = replica.memory ? format_size(*replica.memory) : std::string{"-"};
    if (!is_wide_) {
      const bool is_fine = replica.state == "running" || replica.state == "healthy";
      return is_fine ? fmt::format("{} {:>5} {:>10}", name, percent(replica.cpu), memory)
                     : fmt::format("{}  {}", name, replica.state);
    }
    auto row = fmt::format("{}  {:<10} {:>5}  {:<5}", name, replica.state, percent(replica.cpu),
                           replica.cpu_limit > 0 ? percent(replica.cpu_limit) : std::string{"-"});
    if (!replica.memory) {
      return row + " -";
    }
    if (replica.memory_limit == 0) {
      return row + " " + memory;
    }
    return fmt::format("{} {} {:>9} of {}", row,
                       bar(share(*replica.memory, replica.memory_limit), style_), memory,
                       format_size(replica.memory_limit));
  }

  Section queue_section() const
  {
    Section section{.title = is_wide_
                                 ? pad("QUEUE", 20) + "  WAITING     HELD  WORKERS    IN/S   DONE/S"
                                 : pad("QUEUE", 14) + " WAITING HELD WORKERS",
                    .rows = {}};
    for (const auto& queue : screen_.usage.queues) {
      if (!is_wide_) {
        section.rows.push_back(
            fmt::format("{} {:>7} {:>4} {:>7}", pad(output::clip(queue.name, 14), 14),
                        number(queue.ready), number(queue.held), number(queue.consumers)));
        continue;
      }
      auto row = fmt::format("{}  {:>7}  {:>7}  {:>7} ", pad(output::clip(queue.name, 20), 20),
                             number(queue.ready), number(queue.held), number(queue.consumers));
      row += queue.net_rate
                 ? fmt::format(" {:>+7.1f} waiting/s", *queue.net_rate)
                 : fmt::format(" {:>7}  {:>7}", rate(queue.in_rate), rate(queue.out_rate));
      section.rows.push_back(std::move(row));
    }
    return section;
  }

  Section run_section() const
  {
    Section section{.title = is_wide_ ? "RUN                    MODEL       DONE" : "RUN",
                    .rows = {}};
    for (const auto& run : screen_.runs) {
      const auto left =
          run.left ? fmt::format("about {} left", format_duration(*run.left)) : std::string{};
      const auto failed = run.failed > 0 ? fmt::format(", {} failed", run.failed) : std::string{};
      const auto done = fmt::format("{}/{}{}", run.done, run.total, failed);
      section.rows.push_back(
          is_wide_
              ? fmt::format("{:<22} {} {} {}  {}", run.id, pad(output::clip(run.model, 11), 11),
                            bar(share(run.done, run.total), style_), done, left)
              : fmt::format("{} {} {}", output::clip(run.model, 12), done, left));
    }
    return section;
  }

  Section problem_section() const
  {
    Section section{.title = "PROBLEMS", .rows = {}};
    for (const auto& problem : screen_.usage.problems) {
      auto line = escape_control(problem);
      std::ranges::replace(line, '\n', ' ');
      section.rows.push_back(std::move(line));
    }
    return section;
  }

  const WatchScreen& screen_;
  int columns_;
  std::size_t rows_;
  WatchStyle style_;
  bool is_wide_;
  std::vector<std::string> lines_;
};

template <typename Value>
nlohmann::json or_null(const std::optional<Value>& value)
{
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

nlohmann::json to_json(const inspection::MachineUsage& machine)
{
  return {{"cpu", or_null(machine.cpu)},        {"cpus", machine.cpus},
          {"memory_used", machine.memory_used}, {"memory_total", machine.memory_total},
          {"disk_free", machine.disk_free},     {"disk_total", machine.disk_total}};
}

}  // namespace

std::vector<std::string> render_watch(const WatchScreen& screen, int columns, int rows,
                                      const WatchStyle& style)
{
  return WatchPainter{screen, columns, rows, style}.paint();
}

nlohmann::json to_json(const WatchScreen& screen)
{
  auto containers = nlohmann::json::array();
  for (const auto& replica : screen.usage.replicas) {
    containers.push_back({{"name", replica.label},
                          {"state", replica.state},
                          {"cpu", or_null(replica.cpu)},
                          {"cpu_limit", replica.cpu_limit},
                          {"memory", or_null(replica.memory)},
                          {"memory_limit", replica.memory_limit}});
  }
  auto queues = nlohmann::json::array();
  for (const auto& queue : screen.usage.queues) {
    queues.push_back({{"queue", queue.name},
                      {"ready", or_null(queue.ready)},
                      {"held", or_null(queue.held)},
                      {"consumers", or_null(queue.consumers)},
                      {"in_rate", or_null(queue.in_rate)},
                      {"out_rate", or_null(queue.out_rate)},
                      {"net_rate", or_null(queue.net_rate)}});
  }
  auto runs = nlohmann::json::array();
  for (const auto& run : screen.runs) {
    runs.push_back(
        {{"run", run.id},
         {"model", run.model},
         {"total", run.total},
         {"done", run.done},
         {"failed", run.failed},
         {"left_s", run.left ? nlohmann::json(run.left->count()) : nlohmann::json(nullptr)}});
  }
  return {{"instance", screen.instance},
          {"time", format_time(screen.usage.time)},
          {"revision", screen.usage.revision},
          {"machine", to_json(screen.usage.machine)},
          {"containers", containers},
          {"queues", queues},
          {"runs", runs},
          {"problems", screen.usage.problems}};
}

}  // namespace pecanctl::cli
