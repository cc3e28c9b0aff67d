// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/folders.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/workflow/outcome.hpp"

namespace pecanctl::workflow {
namespace {

constexpr std::size_t k_folders_at_once = 500;
constexpr std::size_t k_script_limit = std::size_t{64} << 10U;
constexpr std::string_view k_script = "job.sh";

// "a//./b/../c" is "a/c"; nothing when it leaves where it starts.
std::optional<std::string> normalise(std::string_view path)
{
  std::vector<std::string> parts;
  for (auto& part : split(path, '/')) {
    if (part == "..") {
      if (parts.empty()) {
        return std::nullopt;
      }
      parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(std::move(part));
    }
  }
  return fmt::format("{}", fmt::join(parts, "/"));
}

std::optional<std::string_view> below(std::string_view path, std::string_view folder)
{
  while (folder.ends_with('/')) {
    folder.remove_suffix(1);
  }
  const bool is_below = !folder.empty() && path.size() > folder.size() &&
                        path.starts_with(folder) && path[folder.size()] == '/';
  return is_below ? std::optional{path.substr(folder.size() + 1)} : std::nullopt;
}

bool is_pattern(std::string_view text)
{
  return text.find_first_of("*?[") != std::string_view::npos;
}

// What a pattern stands for, level by level.
std::vector<std::string> expand(engine::DataAccess& data, const std::string& pattern,
                                const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<std::string> paths{""};
  for (const auto& part : split(pattern, '/')) {
    std::vector<std::string> deeper;
    for (const auto& path : paths) {
      const auto prefix = path.empty() ? std::string{} : path + "/";
      if (!is_pattern(part)) {
        deeper.push_back(prefix + part);
        continue;
      }
      for (const auto& name : data.list_folders(path, deadline, stop)) {
        if (::fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0) {
          deeper.push_back(prefix + name);
        }
      }
    }
    paths = std::move(deeper);
  }
  return paths;
}

Diagnostic mistake(std::string_view folder, std::string message, std::string hint = {})
{
  return {.file = std::string{folder}, .message = std::move(message), .hint = std::move(hint)};
}

// Collects folders, and what is wrong with what was asked for.
class Collector {
 public:
  Collector(engine::DataAccess& data, std::string_view queue, const Deadline& deadline,
            std::stop_token stop)
      : data_{data},
        queue_{queue},
        deadline_{deadline},
        stop_{std::move(stop)}
  {
  }

  void add(const std::string& text, std::span<const std::string> host_folders)
  {
    const auto path = is_valid_utf8(text) ? translate_folder(text, host_folders) : std::nullopt;
    if (!path) {
      mistakes_.push_back(mistake(text, "it does not lie inside /data",
                                  "name it as workers see it: /data/workflows/…"));
      return;
    }
    if (!is_pattern(*path)) {
      add_folder(*path);
      return;
    }
    const auto matches = expand(data_, *path, deadline_, stop_);
    if (matches.empty()) {
      mistakes_.push_back(mistake(text, "no folder in /data matches"));
    }
    std::ranges::for_each(matches, [this](const auto& folder) { add_folder(folder); });
  }

  std::vector<Candidate> finish()
  {
    remove_repeated();
    candidates_.reserve(folders_.size());
    for (std::size_t first = 0; first < folders_.size(); first += k_folders_at_once) {
      examine(
          std::span{folders_}.subspan(first, std::min(k_folders_at_once, folders_.size() - first)));
    }
    if (!mistakes_.empty()) {
      throw Error{{.code = ErrorCode::invalid,
                   .what = fmt::format("cannot run {} of the folders", mistakes_.size()),
                   .why = fmt::format("{}: {}", mistakes_.front().file, mistakes_.front().message),
                   .diagnostics = std::move(mistakes_)}};
    }
    return std::move(candidates_);
  }

 private:
  void add_folder(const std::string& folder) { folders_.push_back(folder); }

  // Keeps the first of each. There may be 100 000: a set of them would be larger than they are.
  void remove_repeated()
  {
    std::vector<std::uint32_t> order(folders_.size());
    std::iota(order.begin(), order.end(), 0U);
    const auto key = [this](auto i) { return std::pair{std::string_view{folders_[i]}, i}; };
    std::ranges::sort(order, {}, key);
    std::vector<bool> is_repeated(folders_.size());
    for (std::size_t i = 1; i < order.size(); ++i) {
      is_repeated[order[i]] = folders_[order[i]] == folders_[order[i - 1]];
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < folders_.size(); ++i) {
      if (!is_repeated[i] && kept++ != i) {
        folders_[kept - 1] = std::move(folders_[i]);
      }
    }
    folders_.resize(kept);
  }

  // Takes the names.
  void examine(std::span<std::string> folders)
  {
    std::vector<std::string> paths;
    std::vector<std::string> scripts;
    std::vector<std::string> outcomes;
    for (const auto& folder : folders) {
      scripts.push_back(fmt::format("{}/{}", folder, k_script));
      outcomes.push_back(fmt::format("{}/{}", folder, k_outcome_name));
      paths.insert(paths.end(), {folder, scripts.back(), outcomes.back()});
    }
    const auto infos = data_.look(paths, deadline_, stop_);
    const auto texts = data_.find_ends(scripts, k_script_limit, deadline_, stop_);
    const auto ends = read_outcomes(outcomes, infos);
    for (std::size_t i = 0; i < folders.size(); ++i) {
      const auto& folder = infos[3 * i];
      if (!folder || folder->kind != engine::PathKind::folder) {
        mistakes_.push_back(mistake(data_path(folders[i]), "there is no such folder in /data",
                                    "symbolic links are not followed"));
      } else if (!texts[i]) {
        mistakes_.push_back(mistake(data_path(folders[i]), "it has no job.sh",
                                    "name the folder that holds job.sh"));
      } else {
        const auto outcome = ends[i] ? parse_outcome(*ends[i]) : std::nullopt;
        const auto& file = infos[3 * i + 2];
        const auto key = job_key(queue_, folders[i], texts[i]->text);
        candidates_.push_back({.folder = std::move(folders[i]),
                               .key = key,
                               .is_ok = outcome && outcome->is_ok,
                               .outcome = file ? std::optional{file->stamp} : std::nullopt});
      }
    }
  }

  // Most folders have none: those are not asked for again.
  std::vector<std::optional<engine::FileEnd>> read_outcomes(
      std::span<const std::string> outcomes,
      const std::vector<std::optional<engine::PathInfo>>& infos)
  {
    std::vector<std::optional<engine::FileEnd>> ends(outcomes.size());
    std::vector<std::size_t> present;
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (infos[3 * i + 2]) {
        present.push_back(i);
        paths.push_back(outcomes[i]);
      }
    }
    auto found = paths.empty() ? std::vector<std::optional<engine::FileEnd>>{}
                               : data_.find_ends(paths, k_outcome_limit, deadline_, stop_);
    for (std::size_t i = 0; i < present.size(); ++i) {
      ends[present[i]] = std::move(found[i]);
    }
    return ends;
  }

  engine::DataAccess& data_;
  std::string_view queue_;
  const Deadline& deadline_;
  std::stop_token stop_;
  std::vector<std::string> folders_;
  std::vector<Candidate> candidates_;
  std::vector<Diagnostic> mistakes_;
};

// Whether `job`, under way by its journal, has its outcome: a file that is not the stale one.
bool has_ended(const Job& job, const Candidate& candidate)
{
  return candidate.outcome && candidate.outcome != job.stale;
}

}  // namespace

std::optional<std::string> translate_folder(std::string_view text,
                                            std::span<const std::string> host_folders)
{
  auto inside = std::optional{text};
  if (text.starts_with('/')) {
    inside = below(text, "/data");
    for (const auto& folder : host_folders) {
      inside = inside ? inside : below(text, folder);
    }
  }
  const auto path = inside ? normalise(*inside) : std::nullopt;
  return path && !path->empty() ? path : std::nullopt;
}

std::vector<Candidate> find_candidates(engine::DataAccess& data, std::span<const std::string> texts,
                                       std::span<const std::string> host_folders,
                                       std::string_view queue, const Deadline& deadline,
                                       std::stop_token stop)
{
  Collector collector{data, queue, deadline, std::move(stop)};
  for (const auto& text : texts) {
    collector.add(text, host_folders);
  }
  return collector.finish();
}

JobPlan plan_jobs(std::span<const Candidate> candidates, const KnownJobs& known, bool runs_again,
                  std::uint32_t nonce)
{
  JobPlan plan;
  plan.jobs.reserve(candidates.size());
  for (const auto& candidate : candidates) {
    const auto found = known.by_folder.find(candidate.folder);
    if (found != known.by_folder.end()) {
      auto job = found->second.job;
      const bool is_live = found->second.is_live;
      if (is_live || (is_under_way(job) && !has_ended(job, candidate))) {
        job.is_watched = is_live;
        job.state = is_live ? JobState::queued : job.state;
        plan.jobs.push_back(std::move(job));
        ++plan.attached;
        continue;
      }
    }
    if (candidate.is_ok && !runs_again) {
      ++plan.already_done;
      continue;
    }
    if (!candidate.is_ok && known.failed.contains(candidate.key)) {
      ++plan.failed_before;
      continue;
    }
    plan.jobs.push_back({.folder = candidate.folder,
                         .key = candidate.key,
                         .nonce = nonce,
                         .had_no_outcome = !candidate.outcome});
  }
  return plan;
}

}  // namespace pecanctl::workflow
