// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/edit.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/config/diagnostics.hpp"
#include "core/config/document.hpp"

namespace pecanctl::project {
namespace {

using config::Node;
using config::NodeKind;

std::size_t indentation(std::string_view line)
{
  return std::min(line.find_first_not_of(' '), line.size());
}

bool is_content(std::string_view line)
{
  const auto first = indentation(line);
  return first < line.size() && line[first] != '#';
}

// A value as one line of YAML.
std::string in_one_line(const Node& node)
{
  if (node.kind == NodeKind::map || node.kind == NodeKind::list) {
    std::vector<std::string> parts;
    for (const auto& child : node.children) {
      parts.push_back(node.kind == NodeKind::map
                          ? fmt::format("{}: {}", child.key, in_one_line(child))
                          : in_one_line(child));
    }
    const bool is_map = node.kind == NodeKind::map;
    return fmt::format("{} {} {}", is_map ? "{" : "[", fmt::join(parts, ", "), is_map ? "}" : "]");
  }
  if (node.kind == NodeKind::null) {
    return "";
  }
  std::string quoted;
  for (const char letter : node.scalar) {
    quoted += letter == '"' || letter == '\\' ? fmt::format("\\{}", letter) : std::string{letter};
  }
  const bool is_plain =
      !node.was_quoted && node.scalar.find_first_of(",[]{}:#&*!|>'\"%@`") == std::string::npos;
  return is_plain ? node.scalar : fmt::format("\"{}\"", quoted);
}

// The models of a pecan.yml, by their lines.
class Editor {
 public:
  explicit Editor(std::string_view text) : text_{text}, lines_{split(text, '\n')}
  {
    if (!lines_.empty() && lines_.back().empty()) {
      lines_.pop_back();
    }
    config::Diagnostics diagnostics{"pecan.yml", text};
    root_ = config::parse_document(text, diagnostics);
    diagnostics.throw_if_any();
    models_ = root_.find("models");
    if (models_ != nullptr && !models_->children.empty() &&
        models_->children.front().key_position.line == models_->key_position.line) {
      throw Error{{.code = ErrorCode::invalid,
                   .what = "cannot edit pecan.yml",
                   .why = "its models stand in one line",
                   .hint = "give each model a line of its own below `models:`"}};
    }
  }

  std::string set(std::string_view name, const ModelSettings& settings)
  {
    const auto* const present = models_ == nullptr ? nullptr : models_->find(name);
    std::vector<std::pair<std::string, std::string>> merged;
    if (present != nullptr) {
      for (const auto& child : present->children) {
        merged.emplace_back(child.key, in_one_line(child));
      }
    }
    bool is_changed = present == nullptr;
    for (const auto& [key, value] : settings) {
      is_changed = merge(merged, key, value) || is_changed;
    }
    if (!is_changed) {
      return text_;
    }
    std::vector<std::string> parts(merged.size());
    std::ranges::transform(merged, parts.begin(), [](const auto& setting) {
      return fmt::format("{}: {}", setting.first, setting.second);
    });
    put(present, fmt::format("{}: {{{}{}{}}}", name, parts.empty() ? "" : " ",
                             fmt::join(parts, ", "), parts.empty() ? "" : " "));
    return join();
  }

  std::string remove(std::string_view name)
  {
    const auto* const present = models_ == nullptr ? nullptr : models_->find(name);
    if (present == nullptr) {
      return text_;
    }
    const auto [begin, end] = lines_of(*present);
    lines_.erase(lines_.begin() + begin, lines_.begin() + end);
    return join();
  }

 private:
  static bool merge(std::vector<std::pair<std::string, std::string>>& merged,
                    const std::string& key, const std::string& value)
  {
    const auto found = std::ranges::find(merged, key, [](const auto& one) { return one.first; });
    if (found == merged.end()) {
      if (value.empty()) {
        return false;
      }
      merged.emplace_back(key, value);
      return true;
    }
    if (value.empty()) {
      merged.erase(found);
      return true;
    }
    return std::exchange(found->second, value) != value;
  }

  // From the line of the key to the last one that is indented deeper; both count from 0.
  std::pair<std::ptrdiff_t, std::ptrdiff_t> lines_of(const Node& node) const
  {
    const auto begin = static_cast<std::size_t>(node.key_position.line) - 1;
    const auto own = indentation(lines_.at(begin));
    auto end = begin + 1;
    for (auto line = end; line < lines_.size(); ++line) {
      if (is_content(lines_[line])) {
        if (indentation(lines_[line]) <= own) {
          break;
        }
        end = line + 1;
      }
    }
    return {static_cast<std::ptrdiff_t>(begin), static_cast<std::ptrdiff_t>(end)};
  }

  void put(const Node* present, const std::string& line)
  {
    if (present != nullptr) {
      const auto [begin, end] = lines_of(*present);
      const auto indent = indentation(lines_.at(static_cast<std::size_t>(begin)));
      lines_.erase(lines_.begin() + begin + 1, lines_.begin() + end);
      lines_[static_cast<std::size_t>(begin)] = std::string(indent, ' ') + line;
      return;
    }
    if (models_ == nullptr) {
      lines_.insert(lines_.end(), {"", "models:", "  " + line});
      return;
    }
    if (models_->children.empty()) {
      const auto at = static_cast<std::size_t>(models_->key_position.line);
      lines_[at - 1] = "models:";  // whatever empty map was written there
      lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(at), "  " + line);
      return;
    }
    const auto& last = models_->children.back();
    const auto indent =
        indentation(lines_.at(static_cast<std::size_t>(last.key_position.line) - 1));
    lines_.insert(lines_.begin() + lines_of(last).second, std::string(indent, ' ') + line);
  }

  std::string join() const { return fmt::format("{}\n", fmt::join(lines_, "\n")); }

  std::string text_;
  std::vector<std::string> lines_;
  Node root_;
  const Node* models_ = nullptr;
};

}  // namespace

std::string set_model(std::string_view text, std::string_view name, const ModelSettings& settings)
{
  return Editor{text}.set(name, settings);
}

std::string remove_model(std::string_view text, std::string_view name)
{
  return Editor{text}.remove(name);
}

std::string set_release(std::string_view text, std::string_view release)
{
  config::Diagnostics diagnostics{"pecan.yml", text};
  const auto root = config::parse_document(text, diagnostics);
  diagnostics.throw_if_any();
  const auto* const node = root.find("pecan");
  auto lines = split(text, '\n');
  const auto number = node == nullptr ? 0 : static_cast<std::size_t>(node->position.line);
  const auto column = node == nullptr ? 0 : static_cast<std::size_t>(node->position.column);
  if (number > 0 && number <= lines.size() && column > 0) {
    auto& line = lines[number - 1];
    // Behind the opening quote, if there is one.
    const auto at = line.find(node->scalar, column - 1);
    if (!node->scalar.empty() && at != std::string::npos && at <= column) {
      line.replace(at, node->scalar.size(), release);
      auto edited = fmt::format("{}", fmt::join(lines, "\n"));
      if (node->scalar.find('$') == std::string::npos) {
        return edited;
      }
    }
  }
  throw Error{{.code = ErrorCode::invalid,
               .what = "cannot edit pecan.yml",
               .why = "it does not say `pecan: RELEASE` in one place",
               .hint = "write the release there instead of a variable"}};
}

}  // namespace pecanctl::project
