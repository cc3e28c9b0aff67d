// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/config/expand.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace pecanctl::config {
namespace {

// "VAR", "VAR:-default", "VAR:?why": what stands between the braces.
struct Reference {
  std::string_view name;
  char form = '\0';  // '-', '?', or none
  std::string_view argument;
};

bool is_name(std::string_view text)
{
  const auto is_letter = [](unsigned char byte) { return std::isalnum(byte) != 0 || byte == '_'; };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
         std::ranges::all_of(text, is_letter);
}

std::optional<Reference> parse_reference(std::string_view text)
{
  const auto colon = text.find(':');
  Reference reference{.name = text.substr(0, colon), .argument = {}};
  if (colon != std::string_view::npos) {
    const auto rest = text.substr(colon + 1);
    if (rest.empty() || (rest.front() != '-' && rest.front() != '?')) {
      return std::nullopt;
    }
    reference.form = rest.front();
    reference.argument = rest.substr(1);
  }
  return is_name(reference.name) ? std::optional{reference} : std::nullopt;
}

class Expander {
 public:
  Expander(const Lookup& lookup, Diagnostics& diagnostics)
      : lookup_{lookup},
        diagnostics_{diagnostics}
  {
  }

  void expand(Node& node)
  {
    for (auto& child : node.children) {
      expand(child);
    }
    if (node.kind == NodeKind::scalar && node.scalar.find('$') != std::string::npos) {
      node.scalar = expand_text(node);
    }
  }

 private:
  std::string expand_text(Node& node)
  {
    std::string result;
    std::string_view rest = node.scalar;
    for (;;) {
      const auto dollar = rest.find('$');
      result += rest.substr(0, dollar);
      if (dollar == std::string_view::npos) {
        return result;
      }
      rest.remove_prefix(dollar);
      if (!rest.starts_with("$$") && !rest.starts_with("${")) {
        result += '$';
        rest.remove_prefix(1);
        continue;
      }
      if (rest.starts_with("$$")) {
        result += '$';
        rest.remove_prefix(2);
        continue;
      }
      const auto end = rest.find('}');
      const auto written = rest.substr(0, end == std::string_view::npos ? end : end + 1);
      result += value_of(node, written);
      node.was_quoted = false;
      rest.remove_prefix(written.size());
    }
  }

  std::string value_of(Node& node, std::string_view written)
  {
    const auto at = diagnostics_.find_in_line(node.position, written);
    const auto reference = written.ends_with('}')
                               ? parse_reference(written.substr(2, written.size() - 3))
                               : std::nullopt;
    if (!reference) {
      node.is_broken = true;
      diagnostics_.add(at, fmt::format("`{}` is not a variable", written),
                       "write ${VAR}, ${VAR:-default} or ${VAR:?why}; a plain dollar sign is $$");
      return {};
    }
    const auto value = lookup_(reference->name);
    const bool is_usable = value && (reference->form == '\0' || !value->empty());
    if (!is_usable && reference->form == '-') {
      return std::string{reference->argument};
    }
    node.is_broken = !is_usable || !is_valid_utf8(*value);
    node.origin += fmt::format("{}{}", node.origin.empty() ? "" : ", ", reference->name);
    if (!is_usable) {
      report_unset(at, *reference);
    } else if (node.is_broken) {
      diagnostics_.add(at, fmt::format("the value of {} is not valid UTF-8", reference->name));
    }
    return is_usable ? *value : std::string{};
  }

  void report_unset(Position at, const Reference& reference)
  {
    if (reference.form == '?' && !reference.argument.empty()) {
      diagnostics_.add(at, fmt::format("{} is not set: {}", reference.name, reference.argument));
    } else {
      diagnostics_.add(at, fmt::format("{} is not set", reference.name),
                       fmt::format("set it, or write ${{{}:-default}}", reference.name));
    }
  }

  const Lookup& lookup_;
  Diagnostics& diagnostics_;
};

}  // namespace

void expand_variables(Node& node, const Lookup& lookup, Diagnostics& diagnostics)
{
  Expander{lookup, diagnostics}.expand(node);
}

}  // namespace pecanctl::config
