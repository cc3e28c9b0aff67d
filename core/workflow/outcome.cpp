// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/outcome.hpp"

#include <charconv>

namespace pecanctl::workflow {
namespace {

// The letter that `escape`, which stands after a backslash, means.
std::optional<char> simple_escape(char escape)
{
  switch (escape) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '\\':
    case '\'':
    case '"':
      return escape;
    default:
      return std::nullopt;
  }
}

std::string unescape(std::string_view text)
{
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '\\' && i + 1 < text.size();
    if (const auto letter = is_escape ? simple_escape(text[i + 1]) : std::nullopt) {
      bytes += *letter;
      ++i;
    } else if (unsigned value = 0;
               is_escape && text[i + 1] == 'x' && i + 3 < text.size() &&
               std::from_chars(&text[i + 2], &text[i + 2] + 2, value, 16).ptr == &text[i + 2] + 2) {
      bytes += static_cast<char>(value);
      i += 3;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

// A quotation mark at the end of `line`, where it is what Python closes bytes with.
bool has_closing_quote(std::string_view line)
{
  return line.ends_with('\'') || line.ends_with('"');
}

}  // namespace

std::string decode_python_repr(std::string_view repr)
{
  const bool is_bytes = repr.size() >= 3 && repr[0] == 'b' && (repr[1] == '\'' || repr[1] == '"') &&
                        repr.back() == repr[1];
  return is_bytes ? unescape(repr.substr(2, repr.size() - 3)) : std::string{repr};
}

std::optional<Outcome> parse_outcome(const engine::FileEnd& file)
{
  std::string_view text{file.text};
  const bool is_ok = text.ends_with("\nOK\n");
  if (!is_ok && !text.ends_with("\nERROR\n")) {
    return std::nullopt;
  }
  text.remove_suffix(is_ok ? 4 : 7);
  if (text.find('\n') != std::string_view::npos) {
    return std::nullopt;  // not the two lines that PEcAn's own waiter insists on
  }
  if (!file.is_whole) {
    return Outcome{
        .is_ok = is_ok,
        .output = unescape(has_closing_quote(text) ? text.substr(0, text.size() - 1) : text)};
  }
  return Outcome{.is_ok = is_ok, .output = decode_python_repr(text)};
}

std::string tail_of(std::string_view output, std::size_t lines)
{
  const auto last = output.find_last_not_of(" \t\r\n");
  output = output.substr(0, last == std::string_view::npos ? 0 : last + 1);
  std::size_t start = output.size();
  while (lines > 0 && start > 0) {
    const auto newline = output.rfind('\n', start - 1);
    --lines;
    if (newline == std::string_view::npos) {
      start = 0;
      break;
    }
    start = lines == 0 ? newline + 1 : newline;
  }
  return std::string{output.substr(start)};
}

}  // namespace pecanctl::workflow
