// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/docker/ignore.hpp"

#include <filesystem>

#include "core/base/text.hpp"

namespace pecanctl::docker {
namespace {

// As Go's filepath.Clean, then without the slashes at the ends.
std::string clean(std::string_view pattern)
{
  auto text = std::filesystem::path{pattern}.lexically_normal().string();
  while (text.ends_with('/')) {
    text.pop_back();
  }
  return text.starts_with('/') ? text.substr(1) : text;
}

char take(std::string_view& text)
{
  const char first = text.front();
  text.remove_prefix(1);
  return first;
}

// The class at the start of `pattern`, after its bracket, taken off; whether `letter` is in it.
bool is_in_class(std::string_view& pattern, char letter)
{
  const bool is_negated = pattern.starts_with('^');
  pattern.remove_prefix(is_negated ? 1 : 0);
  bool is_found = false;
  for (bool is_first = true; !pattern.empty() && (is_first || pattern.front() != ']');
       is_first = false) {
    const auto read = [&] {
      const char next = take(pattern);
      return next == '\\' && !pattern.empty() ? take(pattern) : next;
    };
    const char low = read();
    char high = low;
    if (pattern.size() > 1 && pattern[0] == '-' && pattern[1] != ']') {
      pattern.remove_prefix(1);
      high = read();
    }
    is_found = is_found || (low <= letter && letter <= high);
  }
  pattern.remove_prefix(pattern.empty() ? 0 : 1);
  return is_found != is_negated;
}

bool matches(std::string_view pattern, std::string_view path);

// After "**" and its slash: the rest may begin at any folder.
bool matches_at_any_depth(std::string_view pattern, std::string_view path)
{
  if (pattern.empty() || matches(pattern, path)) {
    return true;
  }
  for (auto slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    if (matches(pattern, path.substr(slash + 1))) {
      return true;
    }
  }
  return false;
}

bool matches_within_folder(std::string_view pattern, std::string_view path)
{
  for (std::size_t length = 0;; ++length) {
    if (matches(pattern, path.substr(length))) {
      return true;
    }
    if (length == path.size() || path[length] == '/') {
      return false;
    }
  }
}

bool matches(std::string_view pattern, std::string_view path)
{
  while (!pattern.empty()) {
    char letter = take(pattern);
    if (letter == '*') {
      if (!pattern.starts_with('*')) {
        return matches_within_folder(pattern, path);
      }
      pattern.remove_prefix(1);
      pattern.remove_prefix(pattern.starts_with('/') ? 1 : 0);
      return matches_at_any_depth(pattern, path);
    }
    if (path.empty()) {
      return false;
    }
    const char present = take(path);
    if (letter == '?') {
      if (present == '/') {
        return false;
      }
      continue;
    }
    if (letter == '[') {
      if (!is_in_class(pattern, present)) {
        return false;
      }
      continue;
    }
    letter = letter == '\\' && !pattern.empty() ? take(pattern) : letter;
    if (letter != present) {
      return false;
    }
  }
  return path.empty();
}

bool matches_it_or_above(std::string_view pattern, std::string_view path)
{
  for (auto slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    if (matches(pattern, path.substr(0, slash))) {
      return true;
    }
  }
  return matches(pattern, path);
}

}  // namespace

IgnoreRules::IgnoreRules(std::string_view text)
{
  constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";
  text.remove_prefix(text.starts_with(k_byte_order_mark) ? k_byte_order_mark.size() : 0);
  for (const auto& line : split(text, '\n')) {
    auto pattern = trim(line);
    if (line.starts_with('#') || pattern.empty()) {
      continue;
    }
    const bool is_exception = pattern.starts_with('!');
    pattern = trim(pattern.substr(is_exception ? 1 : 0));
    if (auto cleaned = clean(pattern); !cleaned.empty() && cleaned != ".") {
      rules_.push_back({.pattern = std::move(cleaned), .is_exception = is_exception});
      takes_back_ = takes_back_ || is_exception;
    }
  }
}

bool IgnoreRules::leaves_out(std::string_view path) const
{
  if (path == "Dockerfile" || path == ".dockerignore") {
    return false;
  }
  bool is_out = false;
  for (const auto& rule : rules_) {
    if (rule.is_exception == is_out && matches_it_or_above(rule.pattern, path)) {
      is_out = !rule.is_exception;
    }
  }
  return is_out;
}

}  // namespace pecanctl::docker
