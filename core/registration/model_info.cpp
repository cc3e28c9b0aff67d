// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/registration/model_info.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::registration {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t k_longest_column = 255;  // varchar(255) of BETY, and the name of a queue
constexpr std::string_view k_no_break_space = "\u00a0";
constexpr std::array<std::string_view, 4> k_fields{"name", "type", "version", "binary"};

bool has_control(std::string_view text)
{
  return std::ranges::any_of(text,
                             [](unsigned char letter) { return letter < 0x20 || letter == 0x7f; });
}

bool has_blank(std::string_view text)
{
  return text.find(' ') != std::string_view::npos ||
         text.find(k_no_break_space) != std::string_view::npos;
}

std::size_t count_letters(std::string_view text)
{
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](unsigned char byte) { return (byte & 0xC0U) != 0x80U; }));
}

// What BETY's is_whitespace_normalized refuses.
bool is_normalized(std::string_view text)
{
  return trim(text) == text && text.find("  ") == std::string_view::npos;
}

// Collects what is wrong with one model_info.
class Checker {
 public:
  explicit Checker(std::string source) : source_{std::move(source)} {}

  void report(std::string message, std::string hint = {}, int line = 0, int column = 0)
  {
    mistakes_.push_back({.file = source_,
                         .line = line,
                         .column = column,
                         .message = escape_control(std::move(message)),
                         .hint = std::move(hint)});
  }

  std::string read(const ordered_json& root, std::string_view field)
  {
    const auto found = root.find(std::string{field});
    if (found == root.end() || found->is_null()) {
      report(fmt::format("`{}` is missing", field), "name, type, version and binary are required");
      return {};
    }
    if (!found->is_string()) {
      report(fmt::format("`{}` must be text", field), "put it in quotes");
      return {};
    }
    auto text = found->get<std::string>();
    check_text(field, text);
    return text;
  }

  void throw_if_any()
  {
    if (mistakes_.empty()) {
      return;
    }
    throw Error{
        {.code = ErrorCode::invalid,
         .what = fmt::format("cannot use the model described by {}", source_),
         .why = mistakes_.size() == 1 ? "1 mistake" : fmt::format("{} mistakes", mistakes_.size()),
         .diagnostics = std::move(mistakes_),
         .has_changed_nothing = true}};
  }

 private:
  void check_text(std::string_view field, const std::string& text)
  {
    if (text.empty()) {
      report(fmt::format("`{}` is empty", field));
    } else if (has_control(text)) {
      report(fmt::format("`{}` has control characters", field));
    } else if (text.starts_with("@") && text.ends_with("@") && text.size() > 1) {
      report(fmt::format("`{}` is still the placeholder {}", field, text),
             "register the built image, or write the value");
    } else if (field == "binary") {
      check_binary(text);
    } else {
      check_name(field, text);
    }
  }

  void check_name(std::string_view field, const std::string& text)
  {
    if (count_letters(text) > k_longest_column) {
      report(fmt::format("`{}` is longer than BETY's {} characters", field, k_longest_column));
    }
    if (field != "version" && has_blank(text)) {
      report(fmt::format("`{}` must not have blanks: BETY refuses `{}`", field, text));
    }
    if (field == "version" && !is_normalized(text)) {
      report("`version` has blanks at an end or two in a row: BETY refuses them");
    }
    if (field != "name" && text.find('/') != std::string::npos) {
      report(fmt::format("`{}` must not have a slash: it becomes part of a key in Consul", field));
    }
  }

  void check_binary(const std::string& text)
  {
    if (!text.starts_with("/")) {
      report(fmt::format("`binary` must be an absolute path, not `{}`", text),
             "BETY's dbfiles.file_path begins with a slash");
    }
    if (text.ends_with("/")) {
      report("`binary` must name a file, not a folder");
    }
    const ModelInfo halves{.binary = text};
    if (count_letters(halves.file_name()) > k_longest_column ||
        count_letters(halves.file_path()) > k_longest_column) {
      report(fmt::format("`binary` is longer than BETY's {} characters", k_longest_column));
    }
  }

  std::string source_;
  std::vector<Diagnostic> mistakes_;
};

ordered_json parse_object(std::string_view text, const std::string& source, Checker& checker)
{
  if (text.size() > k_largest_model_info) {
    checker.report(fmt::format("is larger than {}", format_size(k_largest_model_info)));
    checker.throw_if_any();
  }
  try {
    auto root = ordered_json::parse(text);
    if (root.is_object()) {
      return root;
    }
    checker.report("is no JSON object", fmt::format("{} has to be a model_info.json", source));
  } catch (const nlohmann::json::parse_error& error) {
    const auto at = std::min(text.size(), error.byte > 0 ? error.byte - 1 : 0);
    const auto before = text.substr(0, at);
    const auto line_start = before.rfind('\n');
    checker.report(
        "is no JSON from here on", {}, static_cast<int>(std::ranges::count(before, '\n')) + 1,
        static_cast<int>(at - (line_start == std::string_view::npos ? 0 : line_start + 1)) + 1);
  }
  checker.throw_if_any();
  return {};
}

}  // namespace

std::string ModelInfo::file_path() const
{
  auto head = binary.substr(0, binary.rfind('/') + 1);
  const auto last = head.find_last_not_of('/');
  return last == std::string::npos ? head : head.substr(0, last + 1);
}

std::string ModelInfo::file_name() const
{
  return binary.substr(binary.rfind('/') + 1);
}

ModelInfo parse_model_info(std::string_view text, const std::string& source)
{
  Checker checker{source};
  const auto root = parse_object(text, source, checker);
  std::array<std::string, k_fields.size()> values;
  for (std::size_t i = 0; i < k_fields.size(); ++i) {
    values.at(i) = checker.read(root, k_fields.at(i));
  }
  ModelInfo info{.name = values[0], .type = values[1], .version = values[2], .binary = values[3]};
  if (info.queue().size() > k_longest_column) {
    checker.report(
        fmt::format("`type` and `version` together are longer than a queue's name may be, "
                    "{} bytes",
                    k_longest_column));
  }
  checker.throw_if_any();
  info.json = root.dump();
  return info;
}

}  // namespace pecanctl::registration
