// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pecanctl::docker {

/// What a `.dockerignore` leaves out of a build. Pure.
/// Source: Docker, "Dockerfile reference: .dockerignore file", and moby's patternmatcher.
class IgnoreRules {
 public:
  /// Nothing is left out.
  IgnoreRules() = default;
  /// The text of a `.dockerignore`: a pattern a line, `#` begins a comment, `!` takes back in. In a
  /// pattern `*` and `?` stay within a folder, `**` stands for any number of folders, `[a-z]` for a
  /// letter, and `\` takes the meaning off the next letter. What matches a folder means all of it.
  explicit IgnoreRules(std::string_view text);

  /// Whether `path` ("src/a.o", without a slash at either end) is left out: the last rule that
  /// matches it, or a folder above it, decides. The Dockerfile and the .dockerignore at the top
  /// never are: the engine needs them.
  bool leaves_out(std::string_view path) const;

  /// Whether anything below a folder that is left out may be taken back in.
  bool takes_back() const { return takes_back_; }

 private:
  struct Rule {
    std::string pattern;
    bool is_exception = false;
  };

  std::vector<Rule> rules_;
  bool takes_back_ = false;
};

}  // namespace pecanctl::docker
