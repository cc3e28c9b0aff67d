// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/run_sources.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <numeric>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "cli/run_setup.hpp"
#include "core/arrays/pattern.hpp"
#include "core/arrays/result_path.hpp"
#include "core/arrays/runs_file.hpp"
#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "core/workflow/begin.hpp"
#include "core/workflow/folders.hpp"

namespace pecanctl::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_table_limit = std::size_t{512} << 20U;
constexpr std::size_t k_list_limit = std::size_t{16} << 20U;
constexpr std::chrono::seconds k_read_time{60};

// "-" stands for the lines of stdin.
std::vector<std::string> read_folders(const std::vector<std::string>& words)
{
  std::vector<std::string> folders;
  for (const auto& word : words) {
    if (word != "-") {
      folders.push_back(word);
      continue;
    }
    for (std::string line; std::getline(std::cin, line);) {
      if (const auto text = trim(line); !text.empty()) {
        folders.emplace_back(text);
      }
    }
  }
  return folders;
}

arrays::Table read_table(const RunFlags& flags)
{
  std::optional<arrays::Table> table;
  if (!flags.array.empty()) {
    table = arrays::parse_table(read_file(flags.array, k_table_limit), flags.array);
    if (table->size() == 0) {
      throw Error{{.code = ErrorCode::invalid,
                   .what = fmt::format("cannot run the rows of {}", flags.array),
                   .why = "it has a header and no row",
                   .hint = "add a row for each job"}};
    }
  }
  for (const auto& text : flags.matrix) {
    auto axis = arrays::parse_axis(text);
    table = table ? arrays::multiply(*table, axis) : std::move(axis);
  }
  return std::move(*table);
}

std::string suffix_of_now()
{
  auto now = format_time(std::chrono::system_clock::now());
  std::erase_if(now, [](char byte) { return byte == ':' || byte == '-'; });
  return "." + now;
}

}  // namespace

RunSources::RunSources(const RunFlags& flags, RunSetup& setup, Context& context)
    : flags_{flags},
      setup_{setup},
      context_{context}
{
  if (flags.has_rows()) {
    read_rows(setup);
  } else {
    words_ = read_folders(flags.folders);
  }
  if (!flags.runs_from.empty()) {
    read_runs(setup);
  }
}

void RunSources::read_rows(RunSetup& setup)
{
  table_ = read_table(flags_);
  auto expansion = arrays::expand_words(flags_.folders, table_);
  if (expansion.repeated > 0) {
    note(context_.reporter(),
         fmt::format("{} rows name a folder that another row names: one job each folder",
                     expansion.repeated));
  }
  const bool needs_rows = !flags_.model_folder.empty() || !flags_.results.empty();
  const auto host_folders = needs_rows ? setup.host_folders() : std::vector<std::string>{};
  words_.reserve(expansion.folders.size());
  for (auto& folder : expansion.folders) {
    const auto path =
        needs_rows ? workflow::translate_folder(folder.word, host_folders) : std::nullopt;
    if (path) {
      rows_.push_back({.path = *path, .row = folder.row});
    } else if (!flags_.model_folder.empty()) {
      throw Error{{.code = ErrorCode::invalid,
                   .what = fmt::format("cannot make the folder {}", folder.word),
                   .why = "it does not lie inside /data",
                   .hint = "name it as workers see it: /data/workflows/…"}};
    }
    words_.push_back(std::move(folder.word));
  }
  by_path_.resize(rows_.size());
  std::iota(by_path_.begin(), by_path_.end(), 0U);
  std::ranges::sort(by_path_, {}, [&](auto i) { return std::string_view{rows_[i].path}; });
}

// A file of this machine below the folder that is /data, or one inside /data.
void RunSources::read_runs(RunSetup& setup)
{
  const auto& name = flags_.runs_from;
  const bool is_local = !name.starts_with("/data/") && fs::is_regular_file(name);
  std::string path = is_local ? fs::absolute(name).lexically_normal().string() : name;
  std::string text;
  if (is_local) {
    text = read_file(path, k_list_limit);
  } else {
    const auto inside = workflow::translate_folder(name, setup.host_folders());
    const auto found = inside ? setup.data()
                                    .find_ends(std::span{&*inside, 1}, k_list_limit,
                                               context_.deadline(k_read_time), context_.stop())
                                    .front()
                              : std::nullopt;
    if (!found || !found->is_whole) {
      throw Error{{.code = ErrorCode::not_found,
                   .what = fmt::format("cannot read {}", name),
                   .why = "there is no such file, neither here nor in /data",
                   .hint = "PEcAn writes it to /data/workflows/PEcAn_<id>/run/runs.txt"}};
    }
    path = "/data/" + *inside;
    text = found->text;
  }
  for (auto& folder : arrays::parse_runs_file(text, path)) {
    words_.push_back(std::move(folder));
  }
}

arrays::Template RunSources::read_model_folder(const Deadline& deadline)
{
  const auto& name = flags_.model_folder;
  if (!name.starts_with("/data/") && fs::is_directory(name)) {
    return arrays::read_template(fs::path{name});
  }
  const auto inside = workflow::translate_folder(name, setup_.host_folders());
  if (!inside) {
    throw Error{{.code = ErrorCode::not_found,
                 .what = fmt::format("cannot use the template {}", name),
                 .why = "there is no such folder, neither here nor in /data",
                 .hint = "name a folder with a job.sh or job.sh.in"}};
  }
  return arrays::read_template(setup_.data(), *inside, deadline, context_.stop());
}

arrays::MadeFolders RunSources::make_folders(bool is_rehearsal, const Deadline& deadline)
{
  if (flags_.model_folder.empty()) {
    return {};
  }
  const auto model = read_model_folder(deadline);
  arrays::MakeOptions options;
  if (flags_.runs_again) {
    options.set_aside_suffix = suffix_of_now();
    options.in_use = workflow::folders_under_way(setup_.find_store());
  }
  const auto work = is_rehearsal ? arrays::look_at_folders : arrays::make_folders;
  return work(setup_.data(), model, table_, rows_, options, deadline, context_.stop());
}

std::vector<std::string> RunSources::take_words(const std::vector<std::string>& left_out)
{
  auto words = std::exchange(words_, {});
  if (!left_out.empty()) {
    // These are to be made from a template: then the first words are those of the rows.
    const std::set<std::string_view> without{left_out.begin(), left_out.end()};
    std::size_t i = 0;
    std::erase_if(words, [&](const auto& /*word*/) {
      return i < rows_.size() && without.contains(rows_[i++].path);
    });
  }
  return words;
}

std::string RunSources::result_path(std::string_view folder) const
{
  constexpr std::string_view k_mount = "/data/";
  const auto path = folder.starts_with(k_mount) ? folder.substr(k_mount.size()) : folder;
  const auto found = std::ranges::lower_bound(
      by_path_, path, {}, [&](auto i) { return std::string_view{rows_[i].path}; });
  const bool is_row = found != by_path_.end() && rows_[*found].path == path;
  return is_row ? arrays::result_path(table_, rows_[*found].row) : arrays::result_path(path);
}

}  // namespace pecanctl::cli
