// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/config/document.hpp"

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "core/base/text.hpp"

namespace pecanctl::config {
namespace {

// Turns yaml-cpp's places (bytes from 0) into ours (characters from 1), and looks at the text
// itself where the library does not.
class Source {
 public:
  explicit Source(std::string_view text) : text_{text} {}

  // Nodes come in the order of the text, so that a long line is counted once, not once a node.
  Position position(const YAML::Mark& mark)
  {
    if (mark.is_null()) {
      return {};
    }
    const auto pos = std::min(text_.size(), static_cast<std::size_t>(mark.pos));
    if (last_.line != mark.line + 1 || pos < last_pos_) {
      last_ = {mark.line + 1, 1};
      last_pos_ = pos - std::min(pos, static_cast<std::size_t>(mark.column));
    }
    const auto between = text_.substr(last_pos_, pos - last_pos_);
    last_.column += static_cast<int>(std::ranges::count_if(
        between, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
    last_pos_ = pos;
    return last_;
  }

  char letter_at(const YAML::Mark& mark) const
  {
    const auto pos = static_cast<std::size_t>(mark.pos);
    return mark.is_null() || pos >= text_.size() ? '\0' : text_[pos];
  }

  // yaml-cpp takes a quote that is never closed as one that ends with the file.
  bool is_unterminated_quote(const YAML::Mark& mark) const
  {
    const char quote = letter_at(mark);
    if (quote != '"' && quote != '\'') {
      return false;
    }
    for (auto i = static_cast<std::size_t>(mark.pos) + 1; i < text_.size(); ++i) {
      const bool is_doubled = quote == '\'' && text_.substr(i, 2) == "''";
      if ((quote == '"' && text_[i] == '\\') || is_doubled) {
        ++i;
      } else if (text_[i] == quote) {
        return false;
      }
    }
    return true;
  }

  // What a reader who knows the pitfalls would say about a line that does not parse.
  std::string hint(const YAML::Mark& mark) const
  {
    const auto line = line_of(mark);
    const auto indent = line.substr(0, line.find_first_not_of(" \t"));
    if (indent.find('\t') != std::string_view::npos) {
      return "YAML cannot be indented with tabs: use spaces";
    }
    if (line.find("${") != std::string_view::npos) {
      return "inside { } a variable needs quotes: \"${VAR}\"";
    }
    return {};
  }

 private:
  std::string_view line_of(const YAML::Mark& mark) const
  {
    const auto pos =
        mark.is_null() ? 0 : std::min(text_.size(), static_cast<std::size_t>(mark.pos));
    const auto newline = text_.substr(0, pos).rfind('\n');
    const auto rest = text_.substr(newline == std::string_view::npos ? 0 : newline + 1);
    return rest.substr(0, rest.find('\n'));
  }

  std::string_view text_;
  Position last_;
  std::size_t last_pos_ = 0;
};

// Builds our tree from the parser's events, so that nothing of the library's own tree is ever in
// memory.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(Source& source, Diagnostics& diagnostics, const Limits& limits)
      : source_{source},
        diagnostics_{diagnostics},
        limits_{limits}
  {
  }

  Node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override
  {
    if (++documents_ > 1) {
      stop(source_.position(mark), "a second document starts here",
           "keep one document in the file");
    }
  }

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override
  {
    add({.position = check(mark, "", anchor)});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override
  {
    const auto position = source_.position(mark);
    diagnostics_.add(position, "aliases are not allowed", "write the value out");
    add({.position = position});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override
  {
    if (source_.is_unterminated_quote(mark)) {
      stop(source_.position(mark), "this quote is never closed", "add the closing quote");
    }
    add({.kind = NodeKind::scalar,
         .scalar = value,
         .was_quoted = tag == "!",
         .position = check(mark, tag, anchor)});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override
  {
    open({.kind = NodeKind::list, .position = check(mark, tag, anchor)});
  }

  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override
  {
    open({.kind = NodeKind::map, .position = check(mark, tag, anchor)});
  }

  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    bool has_key = false;     // of a map: the next value belongs to the key below
    bool is_dropped = false;  // that value is not kept: its key was refused
    std::string key = {};
    Position key_position = {};
    std::map<std::string, int> key_lines = {};
  };

  [[noreturn]] void stop(Position at, std::string message, std::string hint)
  {
    diagnostics_.add(at, std::move(message), std::move(hint));
    diagnostics_.throw_all();
  }

  // "?" and "!" are what the library calls plain and quoted scalars.
  Position check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor)
  {
    const auto position = source_.position(mark);
    if (source_.letter_at(mark) == '!' || (!tag.empty() && tag != "?" && tag != "!")) {
      diagnostics_.add(position, "tags are not allowed", "remove it: the key decides the type");
    }
    if (anchor != 0) {
      diagnostics_.add(position, "anchors are not allowed", "remove it");
    }
    return position;
  }

  void count(Position at)
  {
    if (++nodes_ > limits_.nodes) {
      stop(at, fmt::format("the file holds more than {} values", limits_.nodes), {});
    }
  }

  void open(Node node)
  {
    count(node.position);
    if (stack_.size() >= limits_.depth) {
      stop(node.position, fmt::format("nested deeper than {} levels", limits_.depth), {});
    }
    stack_.push_back({.node = std::move(node)});
  }

  void close()
  {
    auto node = std::move(stack_.back().node);
    stack_.pop_back();
    place(std::move(node));
  }

  void add(Node node)
  {
    count(node.position);
    place(std::move(node));
  }

  void place(Node node)
  {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    auto& top = stack_.back();
    if (top.node.kind == NodeKind::map && !std::exchange(top.has_key, !top.has_key)) {
      take_key(top, std::move(node));
      return;
    }
    if (top.node.kind == NodeKind::map) {
      node.key = std::move(top.key);
      node.key_position = top.key_position;
      // The library places an absent value where the next key starts.
      node.position = node.kind == NodeKind::null ? top.key_position : node.position;
    }
    if (!std::exchange(top.is_dropped, false)) {
      top.node.children.push_back(std::move(node));
    }
  }

  void take_key(Open& map, Node node)
  {
    map.is_dropped = true;
    if (node.kind != NodeKind::scalar) {
      diagnostics_.add(node.position, "a key must be a plain word", {});
      return;
    }
    if (node.scalar == "<<") {
      diagnostics_.add(node.position, "merge keys are not allowed", "write the keys out");
      return;
    }
    const auto [known, is_new] = map.key_lines.emplace(node.scalar, node.position.line);
    if (!is_new) {
      diagnostics_.add(
          node.position,
          fmt::format("duplicate key `{}` (first at line {})", node.scalar, known->second),
          "keep one of them");
      return;
    }
    map.is_dropped = false;
    map.key = std::move(node.scalar);
    map.key_position = node.position;
  }

  Source& source_;
  Diagnostics& diagnostics_;
  const Limits& limits_;
  std::vector<Open> stack_;
  Node root_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

// Before the parser sees it: it would read on past what it cannot decode.
void check_encoding(std::string_view text, Diagnostics& diagnostics)
{
  int line = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    const auto end = std::min(text.size(), text.find('\n', begin));
    const auto part = text.substr(begin, end - begin);
    const bool has_nul = part.find('\0') != std::string_view::npos;
    if (has_nul || !is_valid_utf8(part)) {
      diagnostics.add({line, 1}, has_nul ? "NUL byte" : "not valid UTF-8",
                      "save the file as UTF-8");
      diagnostics.throw_all();
    }
    begin = end + 1;
  }
}

}  // namespace

Node parse_document(std::string_view text, Diagnostics& diagnostics, const Limits& limits)
{
  constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";
  if (text.size() > limits.bytes) {
    diagnostics.add({}, fmt::format("larger than {}", format_size(limits.bytes)), {});
    diagnostics.throw_all();
  }
  check_encoding(text, diagnostics);
  // The library reads ahead as long as brackets open, and pays for each.
  const auto brackets =
      std::ranges::count_if(text, [](char letter) { return letter == '[' || letter == '{'; });
  if (std::cmp_greater(brackets, limits.nodes)) {
    diagnostics.add({}, fmt::format("the file holds more than {} values", limits.nodes), {});
    diagnostics.throw_all();
  }
  text.remove_prefix(text.starts_with(k_byte_order_mark) ? k_byte_order_mark.size() : 0);

  Source source{text};
  TreeBuilder builder{source, diagnostics, limits};
  std::istringstream stream{std::string{text}};
  try {
    YAML::Parser parser{stream};
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    diagnostics.add(source.position(error.mark), error.msg, source.hint(error.mark));
    diagnostics.throw_all();
  }
  return builder.take_root();
}

}  // namespace pecanctl::config
