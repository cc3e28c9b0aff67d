// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cli/reference.hpp"

namespace pecanctl::cli {

struct Candidate {
  std::string value = {};
  std::string help = {};
  bool operator==(const Candidate&) const = default;
};

/// What may stand where the cursor is.
struct Completion {
  std::vector<Candidate> candidates = {};
  bool takes_files = false;  ///< the shell knows them best
  bool takes_folders = false;
};

/// Names that are not in the grammar. Each is asked for only when it can be wanted.
struct LiveNames {
  using Find = std::function<std::vector<std::string>()>;
  Find services = [] { return std::vector<std::string>{}; };      ///< of the standard stack
  Find models = [] { return std::vector<std::string>{}; };        ///< of pecan.yml
  Find known_models = [] { return std::vector<std::string>{}; };  ///< those that init can name
  Find instances = [] { return std::vector<std::string>{}; };
  Find sites = [] { return std::vector<std::string>{}; };
};

/// `words` are those behind "pecanctl" up to the cursor; the last is the one to be completed, and
/// may be empty. Pure but for `names`.
Completion complete(const Reference& reference, std::span<const std::string> words,
                    const LiveNames& names);

/// What the shells' scripts read: a line "value<TAB>help" for each candidate. Without a value the
/// help says what the shell shall add: "files" or "folders".
std::string render_completion(const Completion& completion);

}  // namespace pecanctl::cli
