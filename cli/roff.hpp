// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

namespace pecanctl::cli {

/// `text` as man(7) source shows it: nothing in it is markup. UTF-8 becomes ASCII.
std::string escape_roff(std::string_view text);

/// A page in the macros of man(7), written from top to bottom. In prose `backquotes` mean bold.
class RoffPage {
 public:
  /// `title` and `section` as in "pecanctl-deploy" and "1"; `date` as "2026-11-20".
  RoffPage(std::string_view title, std::string_view section, std::string_view date,
           std::string_view source);

  void heading(std::string_view name);
  void subheading(std::string_view name);
  void paragraph(std::string_view text);
  /// A term in bold with what it means below it, indented.
  void entry(std::string_view term, std::string_view text);
  /// As entry, `value` behind the term in italics.
  void entry(std::string_view term, std::string_view value, std::string_view text);
  /// Lines as they are, indented.
  void example(std::string_view lines);
  /// A line of source that is markup already.
  void raw(std::string_view line);

  const std::string& text() const { return text_; }

 private:
  void prose(std::string_view text);

  std::string text_;
  bool is_fresh_ = true;  ///< nothing stands below the heading yet
};

}  // namespace pecanctl::cli
