// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/manual.hpp"

#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/exit_status.hpp"
#include "cli/manual_text.hpp"
#include "cli/roff.hpp"
#include "cli/version.hpp"
#include "core/project/instance_file.hpp"
#include "core/project/key_reference.hpp"
#include "core/tasks/task.hpp"

namespace pecanctl::cli {
namespace {

constexpr std::string_view k_smallest_file =
    "{pecan: 1.8.0, name: demo, profile: core, models: {dalec: {}}}";

// Also an example of the tests: it has to be valid.
constexpr std::string_view k_example_file = R"(pecan: 1.8.0
name: bu-test
profile: core
data: /srv/pecan/data
models:
  dalec: { replicas: 2 }
  sipnet: { version: git, replicas: 4, max_runtime: 12h }
  mine: { type: MINE, version: "1", image: "example.org/mine:1" }
services:
  postgres: { memory: 4GiB, port: 5433 }
images: auto)";

RoffPage make_page(std::string_view title, std::string_view section)
{
  return {title, section, version().date, fmt::format("pecanctl {}", version().number)};
}

std::string sentence(std::string text)
{
  return text.empty() || text.ends_with('.') ? text : text + ".";
}

// A phrase of the tables, which begin with small letters.
std::string capitalised(std::string_view phrase)
{
  std::string text{phrase};
  text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return sentence(text);
}

void add_name(RoffPage& page, std::string_view name, std::string_view summary)
{
  page.heading("NAME");
  page.raw(fmt::format("{} \\- {}", escape_roff(name), escape_roff(summary)));
}

void add_arguments(RoffPage& page, const std::vector<ArgumentText>& arguments)
{
  for (const auto& argument : arguments) {
    auto meaning = sentence(argument.description);
    if (!argument.choices.empty() && argument.shown_value() == argument.value) {
      meaning += fmt::format(" One of {}.", fmt::join(argument.choices, ", "));
    }
    if (argument.names.empty()) {
      page.entry(argument.value, meaning);
    } else {
      page.entry(
          fmt::format("{}", fmt::join(argument.names, ", ")),
          argument.has_optional_value ? "[" + argument.shown_value() + "]" : argument.shown_value(),
          meaning);
    }
  }
}

void add_exit_status(RoffPage& page)
{
  page.heading("EXIT STATUS");
  for (const auto& row : exit_meanings()) {
    page.entry(std::to_string(static_cast<int>(row.status)), capitalised(row.meaning));
  }
  const auto list = [](bool is_worth_repeating) {
    std::string codes;
    for (const auto& row : exit_meanings()) {
      if (row.is_worth_repeating == is_worth_repeating && row.status != ExitStatus::ok) {
        codes += (codes.empty() ? "" : ", ") + std::to_string(static_cast<int>(row.status));
      }
    }
    return codes;
  };
  page.paragraph(
      fmt::format("After {} the same command may succeed later; after {} something has "
                  "to be corrected first. Take any other code for a failure.",
                  list(true), list(false)));
}

void add_entries(RoffPage& page, std::string_view title, std::span<const ManualEntry> entries)
{
  page.heading(title);
  for (const auto& [term, meaning] : entries) {
    page.entry(term, meaning);
  }
}

void add_examples(RoffPage& page, const std::vector<ExampleText>& examples)
{
  page.heading("EXAMPLES");
  for (const auto& [line, comment] : examples) {
    if (!comment.empty()) {
      page.paragraph(comment + ":");
    }
    page.example(line);
  }
}

// Comma-separated references: "pecanctl(1)" is {"pecanctl", "1"}.
void add_see_also(RoffPage& page,
                  const std::vector<std::pair<std::string, std::string_view>>& pages)
{
  page.heading("SEE ALSO");
  for (std::size_t i = 0; i < pages.size(); ++i) {
    page.raw(fmt::format(".BR {} ({}){}", escape_roff(pages[i].first), pages[i].second,
                         i + 1 == pages.size() ? "" : ","));
  }
}

void add_keys(RoffPage& page, const config::Schema& schema)
{
  for (const auto& key : project::describe_keys(schema)) {
    const auto fallback = key.is_required        ? "; required"
                          : key.fallback.empty() ? std::string{}
                                                 : fmt::format("; default {}", key.fallback);
    page.entry(key.path, fmt::format("({}{})", key.type, fallback), sentence(key.meaning));
  }
}

void add_common_end(RoffPage& page)
{
  add_exit_status(page);
  add_entries(page, "ENVIRONMENT", environment_entries());
  add_entries(page, "FILES", file_entries());
}

std::string render_program_page(const Reference& reference)
{
  auto page = make_page("pecanctl", "1");
  add_name(page, "pecanctl", "run and look after PEcAn instances");
  page.heading("SYNOPSIS");
  page.raw(".B pecanctl\n.I COMMAND\n.RI [ FLAG... ]");
  page.heading("DESCRIPTION");
  for (const auto& paragraph : program_prose()) {
    page.paragraph(paragraph);
  }
  page.heading("COMMANDS");
  std::string_view group;
  std::vector<std::pair<std::string, std::string_view>> others{{"pecan.yml", "5"},
                                                               {"pecan-worker", "1"}};
  for (const auto& command : reference.commands) {
    if (command.group != group) {
      group = command.group;
      page.subheading(group);
    }
    page.entry(command.name, capitalised(command.summary));
    others.emplace_back("pecanctl-" + command.name, "1");
  }
  page.heading("OPTIONS");
  page.paragraph("Every command takes these, wherever they stand on the line:");
  add_arguments(page, reference.global_flags);
  add_common_end(page);
  add_examples(page, {{"pecanctl init demo && cd demo && pecanctl deploy",
                       "From nothing to a running instance"},
                      {"pecanctl deploy -n", "What a deploy would change, and why"},
                      {"pecanctl status --check -q", "For cron: silent while all is well"}});
  add_see_also(page, others);
  return page.text();
}

std::string render_command_page(const Reference& reference, const CommandText& command)
{
  auto page = make_page("pecanctl-" + command.name, "1");
  add_name(page, "pecanctl-" + command.name, command.summary);
  page.heading("SYNOPSIS");
  const auto synopsis = command.synopsis();
  const auto name = fmt::format("pecanctl {}", command.name);
  page.raw(
      fmt::format(".B {}\n{}", escape_roff(name), escape_roff(synopsis.substr(name.size() + 1))));
  page.heading("DESCRIPTION");
  for (const auto& paragraph : command_prose(command.name)) {
    page.paragraph(paragraph);
  }
  if (command_prose(command.name).empty()) {
    page.paragraph(fmt::format("`pecanctl {}`: {}", command.name, sentence(command.summary)));
  }
  page.heading("OPTIONS");
  add_arguments(page, command.positionals);
  add_arguments(page, command.flags);
  page.subheading("Flags of all commands");
  add_arguments(page, reference.global_flags);
  if (command.name == "run") {
    page.heading("KEYS OF A TASK FILE");
    add_keys(page, tasks::task_schema());
  }
  add_common_end(page);
  add_examples(page, command.examples);
  add_see_also(page, {{"pecanctl", "1"}, {"pecan.yml", "5"}});
  return page.text();
}

std::string render_instance_file_page()
{
  auto page = make_page("pecan.yml", "5");
  add_name(page, "pecan.yml", "a PEcAn instance, as pecanctl deploys it");
  page.heading("SYNOPSIS");
  page.raw(".I pecan.yml");
  page.heading("DESCRIPTION");
  const auto prose = instance_file_prose();
  page.paragraph(prose.front());
  page.example(k_smallest_file);
  for (const auto& paragraph : prose.subspan(1)) {
    page.paragraph(paragraph);
  }
  page.heading("KEYS");
  page.paragraph(
      "NAME stands for a name of your choice, or one that is known: of a model, a "
      "service, a secret.");
  add_keys(page, project::instance_schema());
  page.heading("FILES");
  page.entry("secrets/postgres, secrets/rabbitmq, secrets/bety",
             "Passwords, mode 0600, in a folder of mode 0700. The key `secrets` names others.");
  page.entry("secrets/bety_key, secrets/admin, secrets/rstudio", "The same, of the profile full.");
  page.entry("config.php", "Of PEcAn's web page, written by pecanctl deploy; see above.");
  page.entry("secrets/instance", "The identity of the instance.");
  page.heading("EXAMPLES");
  page.example(k_example_file);
  add_see_also(page, {{"pecanctl", "1"}, {"pecanctl-init", "1"}, {"pecanctl-validate", "1"}});
  return page.text();
}

}  // namespace

std::vector<ManualPage> render_manual(const Reference& reference)
{
  std::vector<ManualPage> pages{{"pecanctl.1", render_program_page(reference)},
                                {"pecan.yml.5", render_instance_file_page()}};
  for (const auto& command : reference.commands) {
    pages.push_back(
        {fmt::format("pecanctl-{}.1", command.name), render_command_page(reference, command)});
  }
  return pages;
}

}  // namespace pecanctl::cli
