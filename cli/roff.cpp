// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/roff.hpp"

#include <cctype>
#include <cstdint>

#include <fmt/format.h>

#include "cli/wrap.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

constexpr std::size_t k_source_columns = 78;

std::string upper(std::string_view text)
{
  std::string result{text};
  for (auto& letter : result) {
    letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  return result;
}

// The code point that starts at `text[at]`, and how many bytes it has.
std::pair<std::uint32_t, std::size_t> decode(std::string_view text, std::size_t at)
{
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i]));
  };
  const auto first = byte(0);
  const std::size_t length = first >= 0xF0U ? 4 : first >= 0xE0U ? 3 : first >= 0xC0U ? 2 : 1;
  auto point = length == 1 ? first : first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    point = (point << 6U) | (byte(i) & 0x3FU);
  }
  return {point, length};
}

std::string_view escape_of(char letter)
{
  switch (letter) {
    case '\\':
      return "\\e";
    case '-':
      return "\\-";
    case '\'':
      return "\\(aq";
    case '`':
      return "\\(ga";
    case '^':
      return "\\(ha";
    case '~':
      return "\\(ti";
    default:
      return {};
  }
}

// A line of source must not begin with what looks like a request.
std::string guard(std::string line)
{
  return line.starts_with('.') || line.starts_with('\'') ? "\\&" + line : line;
}

// `words` in backquotes are bold.
std::string markup(std::string_view prose)
{
  std::string result;
  bool is_bold = false;
  for (const auto& part : split(prose, '`')) {
    result += is_bold ? "\\fB" + escape_roff(part) + "\\fR" : escape_roff(part);
    is_bold = !is_bold;
  }
  return result;
}

}  // namespace

std::string escape_roff(std::string_view text)
{
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    const auto [point, length] = decode(text, i);
    const auto escape = escape_of(text[i]);
    if (length > 1) {
      result += fmt::format("\\[u{:04X}]", point);
    } else if (!escape.empty()) {
      result += escape;
    } else {
      result += text[i];
    }
    i += length;
  }
  return result;
}

RoffPage::RoffPage(std::string_view title, std::string_view section, std::string_view date,
                   std::string_view source)
    : text_{fmt::format(".\\\" SPDX-FileCopyrightText: the pecanctl authors\n"
                        ".\\\" SPDX-License-Identifier: BSD-3-Clause\n"
                        ".\\\" Made by `pecanctl __man`: change the program's texts instead.\n"
                        ".TH {} {} {} \"{}\" \"PEcAn\"\n",
                        upper(escape_roff(title)), section, date, source)}
{
}

void RoffPage::heading(std::string_view name)
{
  text_ += fmt::format(".SH {}\n", name);
  is_fresh_ = true;
}

void RoffPage::subheading(std::string_view name)
{
  text_ += fmt::format(".SS {}\n", escape_roff(name));
  is_fresh_ = true;
}

void RoffPage::prose(std::string_view text)
{
  is_fresh_ = false;
  for (auto& line : wrap(markup(text), k_source_columns)) {
    text_ += guard(std::move(line)) + "\n";
  }
}

void RoffPage::paragraph(std::string_view text)
{
  text_ += is_fresh_ ? "" : ".PP\n";
  prose(text);
}

void RoffPage::entry(std::string_view term, std::string_view text)
{
  entry(term, {}, text);
}

void RoffPage::entry(std::string_view term, std::string_view value, std::string_view text)
{
  const auto behind =
      value.empty() ? std::string{} : fmt::format(" \\fI{}\\fR", escape_roff(value));
  text_ += fmt::format(".TP\n\\fB{}\\fR{}\n", escape_roff(term), behind);
  prose(text);
}

void RoffPage::example(std::string_view lines)
{
  text_ += is_fresh_ ? ".RS 2\n.nf\n" : ".PP\n.RS 2\n.nf\n";
  is_fresh_ = false;
  for (const auto& line : split(lines, '\n')) {
    text_ += guard(escape_roff(line)) + "\n";
  }
  text_ += ".fi\n.RE\n";
}

void RoffPage::raw(std::string_view line)
{
  text_ += std::string{line} + "\n";
  is_fresh_ = false;
}

}  // namespace pecanctl::cli
