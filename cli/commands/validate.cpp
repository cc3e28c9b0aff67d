// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/commands/commands.hpp"
#include "cli/context.hpp"
#include "core/base/text.hpp"
#include "core/project/compose.hpp"

namespace pecanctl::cli::commands {
namespace {

using nlohmann::json;

struct ValidateFlags {
  bool is_print = false;
  bool is_origins = false;
  bool is_schema = false;
  std::string format = "file";
};

// The answer in one piece, so that no line of it is lost among others.
void say_lines(Context& context, const std::string& text)
{
  for (const auto& line : split(trim(text), '\n')) {
    context.printer().say(line);
  }
}

void print_origins(Context& context, const ResolvedView& view, json& fields)
{
  output::Table table{.header = {"KEY", "VALUE", "ORIGIN"}, .rows = {}};
  auto rows = json::array();
  for (const auto& one : view.origins) {
    table.rows.push_back({one.key, one.value, one.origin});
    rows.push_back({{"key", one.key}, {"value", one.value}, {"origin", one.origin}});
  }
  context.printer().table(table);
  fields["origins"] = std::move(rows);
}

// Asks nobody but the file system.
void run_validate(const ValidateFlags& flags, Context& context)
{
  if (flags.is_schema) {
    const auto text = Context::instance_schema();
    say_lines(context, text);
    context.printer().document({{"ok", true}, {"schema", json::parse(text)}});
    return;
  }
  if (flags.format == "compose" && !flags.is_print) {
    throw Error{{.code = ErrorCode::usage,
                 .what = "cannot use --as",
                 .why = "nothing is printed",
                 .hint = "add --print"}};
  }
  context.source();  // before anything asks Docker where the file might be
  const auto& stack = context.stack();
  const auto path = context.file().path.string();
  json fields{
      {"ok", true}, {"file", path}, {"instance", stack.name}, {"services", stack.services.size()}};
  if (flags.format == "compose") {
    const auto text = project::render_compose(stack);
    say_lines(context, text);
    fields["compose"] = text;
  } else if (flags.is_print || flags.is_origins) {
    const auto view = context.resolved();
    if (flags.is_print) {
      say_lines(context, view.yaml);
      fields["resolved"] = json::parse(view.json);
    }
    if (flags.is_origins) {
      print_origins(context, view, fields);
    }
  } else {
    context.printer().say(fmt::format("{} is valid: instance {}, {} services", path, stack.name,
                                      stack.services.size()));
  }
  context.printer().document(std::move(fields));
}

}  // namespace

RunFn setup_validate(CLI::App& sub)
{
  auto flags = std::make_shared<ValidateFlags>();
  sub.add_flag("--print", flags->is_print, "The file with its variables and defaults filled in");
  sub.add_option("--as", flags->format, "With --print: file, or compose (all that would run)")
      ->check(CLI::IsMember(std::vector<std::string>{"file", "compose"}));
  sub.add_flag("--origins", flags->is_origins, "Where each value comes from");
  sub.add_flag("--schema", flags->is_schema, "The JSON Schema of pecan.yml, for editors");
  sub.footer(
      "Examples:\n  pecanctl validate\n  pecanctl validate --file other.yml\n"
      "  pecanctl validate --origins     who says what\n"
      "  pecanctl validate --print --as compose\n"
      "  pecanctl validate --schema > pecan.schema.json");
  return [flags](Context& context) { run_validate(*flags, context); };
}

}  // namespace pecanctl::cli::commands
