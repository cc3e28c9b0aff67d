// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/error_view.hpp"

#include <fmt/format.h>

#include "cli/output/display_text.hpp"
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

// Blanks up to the caret: tabs stay, so that they take what they take in the line above, and wide
// characters take two.
std::string blanks_before(const Diagnostic& diagnostic)
{
  std::string blanks;
  std::string_view rest = diagnostic.excerpt;
  for (int column = 1; column < diagnostic.column; ++column) {
    std::size_t length = rest.empty() ? 0 : 1;
    while (length < rest.size() && (static_cast<unsigned char>(rest[length]) & 0xC0U) == 0x80U) {
      ++length;
    }
    const auto letter = rest.substr(0, length);
    blanks += letter == "\t"   ? std::string{"\t"}
              : letter.empty() ? std::string{" "}
                               : std::string(static_cast<std::size_t>(display_width(letter)), ' ');
    rest.remove_prefix(length);
  }
  return blanks;
}

void append_diagnostic(std::string& text, const Diagnostic& diagnostic, bool with_color)
{
  text += fmt::format("{}: {} {}\n", render_place(diagnostic), paint("error:", "1;31", with_color),
                      escape_control(diagnostic.message));
  if (!diagnostic.excerpt.empty()) {
    const auto gutter = fmt::format("{:5} | ", diagnostic.line);
    text += fmt::format("{}{}\n", gutter, escape_control(diagnostic.excerpt));
    text += fmt::format("      | {}{}", blanks_before(diagnostic), paint("^", "1;31", with_color));
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

// The words of others, as one block, cut nowhere.
void append_trail(std::string& text, const std::vector<std::string>& trail)
{
  for (const auto& line : trail) {
    text += fmt::format("  | {}\n", escape_control(line));
  }
}

std::string escape_annotation(std::string_view text, std::string_view letters)
{
  std::string result;
  for (const char letter : text) {
    result += letters.find(letter) == std::string_view::npos
                  ? std::string{letter}
                  : fmt::format("%{:02X}", static_cast<unsigned char>(letter));
  }
  return result;
}

std::string annotation_data(std::string_view text)
{
  return escape_annotation(text, "%\r\n");
}

std::string annotation_property(std::string_view text)
{
  return escape_annotation(text, "%\r\n:,");
}

// These are thrown before anything is done.
bool is_certainly_unchanged(const ErrorInfo& info)
{
  return info.has_changed_nothing || info.code == ErrorCode::usage ||
         info.code == ErrorCode::unconfirmed || info.code == ErrorCode::finding;
}

}  // namespace

std::string render_error(const Error& error, ErrorStyle style)
{
  const auto& info = error.info();
  const auto code = static_cast<int>(exit_status(info.code));
  std::string text;
  for (const auto& diagnostic : info.diagnostics) {
    append_diagnostic(text, diagnostic, style.with_color);
  }
  if (!info.diagnostics.empty()) {
    const auto count = info.diagnostics.size();
    text += fmt::format("{} error{}. Nothing was changed. [{}, exit {}]\n", count,
                        count == 1 ? "" : "s", to_string(info.code), code);
    return text;
  }
  text +=
      fmt::format("{} {}\n", paint("error:", "1;31", style.with_color), escape_control(info.what));
  if (!info.why.empty()) {
    append_indented(text, info.why);
  }
  if (style.with_trail) {
    append_trail(text, info.trail);
  }
  for (const auto& frame : error.frames()) {
    append_indented(text, frame);
  }
  if (!info.hint.empty()) {
    text += fmt::format("{} {}\n", paint("fix:", "1", style.with_color), escape_control(info.hint));
  }
  return text + fmt::format("[{}, exit {}{}]\n", to_string(info.code), code,
                            is_certainly_unchanged(info) ? ", nothing was changed" : "");
}

std::string render_annotations(const Error& error)
{
  const auto& info = error.info();
  if (info.diagnostics.empty()) {
    const auto fix = info.hint.empty() ? std::string{} : "\nfix: " + info.hint;
    return fmt::format("::error::{}\n", annotation_data(error.what() + fix));
  }
  std::string text;
  for (const auto& diagnostic : info.diagnostics) {
    const auto place = diagnostic.line == 0
                           ? std::string{}
                           : fmt::format(",line={},col={}", diagnostic.line, diagnostic.column);
    const auto fix = diagnostic.hint.empty() ? std::string{} : "\nfix: " + diagnostic.hint;
    text += fmt::format("::error file={}{}::{}\n", annotation_property(diagnostic.file), place,
                        annotation_data(diagnostic.message + fix));
  }
  return text;
}

}  // namespace pecanctl::cli::output
