// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <unistd.h>

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/context.hpp"
#include "cli/doctor_report.hpp"
#include "cli/doctor_setup.hpp"
#include "cli/doctor_view.hpp"
#include "cli/output/terminal.hpp"
#include "cli/style.hpp"

namespace pecanctl::cli::commands {
namespace {

using inspection::Verdict;

struct DoctorFlags {
  std::vector<std::string> checks = {};
  bool is_list = false;
  std::string report = {};
};

void list_checks(Context& context)
{
  output::Table table{.header = {"CODE", "CHECK", "WHAT IT LOOKS AT", "NEEDS"}, .rows = {}};
  auto rows = nlohmann::json::array();
  for (const auto& check : inspection::all_checks()) {
    table.rows.push_back({std::string{check.code}, std::string{check.name},
                          std::string{check.title},
                          check.needs.empty() ? "-" : std::string{check.needs}});
    rows.push_back({{"code", check.code},
                    {"name", check.name},
                    {"title", check.title},
                    {"needs", check.needs}});
  }
  context.printer().table(table);
  if (context.printer().is_json()) {
    context.printer().document({{"checks", rows}}, "doctor");
  }
}

void print_results(Context& context, const std::vector<inspection::Examined>& results)
{
  auto& printer = context.printer();
  if (printer.is_json()) {
    printer.document(to_json(results), "doctor");
    return;
  }
  const bool is_terminal = output::is_terminal(STDOUT_FILENO);
  const DoctorStyle style{
      .has_unicode = has_unicode(),
      .has_color = false,
      .columns = is_terminal ? output::terminal_size(STDOUT_FILENO).columns : 0};
  for (const auto& result : results) {
    for (const auto& line : render_examined(result, style)) {
      printer.say(line);
    }
  }
  printer.say(summarize(results));
}

void throw_if_found(const Context& context, const std::vector<inspection::Examined>& results)
{
  std::vector<std::string_view> names;
  for (const auto& result : results) {
    const bool counts = result.finding.verdict == Verdict::bad ||
                        (context.options().is_check && result.finding.verdict == Verdict::warning);
    if (counts) {
      names.push_back(result.check->name);
    }
  }
  if (!names.empty()) {
    throw Error{{.code = ErrorCode::finding,
                 .what = fmt::format("doctor found {}: {}",
                                     names.size() == 1 ? std::string{"a problem"}
                                                       : fmt::format("{} problems", names.size()),
                                     fmt::join(names, ", ")),
                 .hint = fmt::format("do what the check says, then: pecanctl doctor {}",
                                     fmt::join(names, " "))}};
  }
}

void run_doctor(const DoctorFlags& flags, Context& context)
{
  const auto checks = inspection::select_checks(flags.checks);
  if (flags.is_list) {
    list_checks(context);
    return;
  }
  const auto subject = make_subject(context);
  const auto results = inspection::examine(subject, checks, context.stop());
  print_results(context, results);
  if (!flags.report.empty()) {
    write_report(context, subject, results, flags.report);
  }
  throw_if_found(context, results);
}

}  // namespace

RunFn setup_doctor(CLI::App& sub)
{
  auto flags = std::make_shared<DoctorFlags>();
  sub.add_option("check", flags->checks, "Names or codes of checks (default: all)")
      ->type_name("CHECK");
  sub.add_flag("--list", flags->is_list, "Name the checks, and do nothing");
  sub.add_option("--report", flags->report,
                 "Also write what somebody needs who helps, without secrets, to this .tar.gz")
      ->type_name("FILE");
  sub.footer(
      "Warnings count with --check only.\n\n"
      "Examples:\n  pecanctl doctor\n  pecanctl doctor socket D011\n"
      "  pecanctl doctor --report report.tar.gz");
  return [flags](Context& context) { run_doctor(*flags, context); };
}

}  // namespace pecanctl::cli::commands
