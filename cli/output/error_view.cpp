// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/error_view.hpp"

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace pecanctl::cli::output {
namespace {

std::string paint(std::string_view text, std::string_view code, bool with_color)
{
  return with_color ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string{text};
}

std::string render_place(const Diagnostic& diagnostic)
{
  if (diagnostic.line == 0) {
    return diagnostic.file;
  }
  return fmt::format("{}:{}:{}", diagnostic.file, diagnostic.line, diagnostic.column);
}

void append_diagnostic(std::string& text, const Diagnostic& diagnostic, bool with_color)
{
  text += fmt::format("{}: {} {}\n", render_place(diagnostic), paint("error:", "1;31", with_color),
                      escape_control(diagnostic.message));
  if (!diagnostic.excerpt.empty()) {
    const auto gutter = fmt::format("{:5} | ", diagnostic.line);
    text += fmt::format("{}{}\n", gutter, escape_control(diagnostic.excerpt));
    const auto column = static_cast<std::size_t>(diagnostic.column > 0 ? diagnostic.column - 1 : 0);
    text += fmt::format("      | {}{}", std::string(column, ' '), paint("^", "1;31", with_color));
    text += diagnostic.hint.empty() ? "\n" : fmt::format(" {}\n", diagnostic.hint);
  } else if (!diagnostic.hint.empty()) {
    text += fmt::format("{} {}\n", paint("fix:", "1", with_color), diagnostic.hint);
  }
}

void append_indented(std::string& text, std::string_view block)
{
  for (const auto& line : split(block, '\n')) {
    text += fmt::format("  {}\n", escape_control(line));
  }
}

std::string escape_annotation(std::string_view text)
{
  std::string result;
  for (const char letter : text) {
    switch (letter) {
      case '%':
        result += "%25";
        break;
      case '\r':
        result += "%0D";
        break;
      case '\n':
        result += "%0A";
        break;
      default:
        result += letter;
    }
  }
  return result;
}

}  // namespace

std::string render_error(const Error& error, bool with_color)
{
  const auto& info = error.info();
  const auto code = static_cast<int>(exit_status(info.code));
  std::string text;
  for (const auto& diagnostic : info.diagnostics) {
    append_diagnostic(text, diagnostic, with_color);
  }
  if (!info.diagnostics.empty()) {
    const auto count = info.diagnostics.size();
    text += fmt::format("{} error{}. Nothing was changed. [{}, exit {}]\n", count,
                        count == 1 ? "" : "s", to_string(info.code), code);
    return text;
  }
  text += fmt::format("{} {}\n", paint("error:", "1;31", with_color), escape_control(info.what));
  if (!info.why.empty()) {
    append_indented(text, info.why);
  }
  for (const auto& frame : error.frames()) {
    append_indented(text, frame);
  }
  if (!info.hint.empty()) {
    text += fmt::format("{} {}\n", paint("fix:", "1", with_color), escape_control(info.hint));
  }
  return text + fmt::format("[{}, exit {}]\n", to_string(info.code), code);
}

std::string render_annotations(const Error& error)
{
  const auto& info = error.info();
  if (info.diagnostics.empty()) {
    return fmt::format("::error::{}\n", escape_annotation(error.what()));
  }
  std::string text;
  for (const auto& diagnostic : info.diagnostics) {
    text += fmt::format("::error file={},line={},col={}::{}\n", diagnostic.file, diagnostic.line,
                        diagnostic.column, escape_annotation(diagnostic.message));
  }
  return text;
}

}  // namespace pecanctl::cli::output
