// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/arrays/template.hpp"
#include "core/base/error.hpp"

namespace pecanctl::arrays {
namespace {

constexpr std::size_t k_folders_at_once = 200;
constexpr std::size_t k_bytes_at_once = std::size_t{8} << 20U;
constexpr std::size_t k_most_bad_folders = 20;

// Some folders with their files: as many as are written at once.
struct Batch {
  std::vector<RowFolder> rows = {};
  std::vector<engine::NewFolder> folders = {};
};

class FolderMaker {
 public:
  FolderMaker(engine::DataAccess& data, const MakeOptions& options, bool is_rehearsal,
              const Deadline& deadline, std::stop_token stop)
      : data_{data},
        options_{options},
        is_rehearsal_{is_rehearsal},
        deadline_{deadline},
        stop_{std::move(stop)}
  {
  }

  // Everything is looked at before anything is made.
  MadeFolders run(const Template& model, const Table& table, std::span<const RowFolder> rows)
  {
    const auto single = leave_out_twins(model, table, rows);
    finish();
    each_batch(model, table, single, [this](Batch& batch) { sort_out(batch); });
    finish();
    if (!is_rehearsal_) {
      set_aside();
      each_batch(model, table, missing_, [this](Batch& batch) { make(batch); });
    }
    for (const auto& folder : is_rehearsal_ ? missing_ : std::vector<RowFolder>{}) {
      sum_.missing.push_back(folder.path);
    }
    return sum_;
  }

 private:
  template <typename Work>
  static void each_batch(const Template& model, const Table& table, std::span<const RowFolder> rows,
                         const Work& work)
  {
    Batch batch;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      batch.rows.push_back(rows[i]);
      batch.folders.push_back(
          {.path = rows[i].path, .files = fill_template(model, table, rows[i].row)});
      for (const auto& file : batch.folders.back().files) {
        bytes += file.content.size();
      }
      if (batch.rows.size() == k_folders_at_once || bytes > k_bytes_at_once ||
          i + 1 == rows.size()) {
        work(batch);
        batch = {};
        bytes = 0;
      }
    }
  }

  void finish()
  {
    if (!mistakes_.empty()) {
      throw Error{{.code = ErrorCode::invalid,
                   .what = "cannot make the run folders",
                   .why = fmt::format("{}: {}", mistakes_.front().file, mistakes_.front().message),
                   .diagnostics = std::move(mistakes_)}};
    }
  }

  // Two rows may give one folder when they fill it with the same.
  std::vector<RowFolder> leave_out_twins(const Template& model, const Table& table,
                                         std::span<const RowFolder> rows)
  {
    std::vector<RowFolder> single;
    std::map<std::string_view, std::uint32_t> first;
    for (const auto& row : rows) {
      const auto [known, is_new] = first.emplace(row.path, row.row);
      if (is_new) {
        single.push_back(row);
      } else if (fill_template(model, table, known->second) !=
                 fill_template(model, table, row.row)) {
        mistake(row.path,
                fmt::format("rows {} and {} give it different contents", known->second + 1,
                            row.row + 1),
                "name the folders by columns that tell the rows apart");
      }
    }
    return single;
  }

  void sort_out(Batch& batch)
  {
    std::vector<std::string> paths;
    for (const auto& folder : batch.folders) {
      paths.push_back(folder.path);
    }
    const auto infos = data_.look(paths, deadline_, stop_);
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (!infos[i]) {
        missing_.push_back(batch.rows[i]);
        ++sum_.made;
      } else if (infos[i]->kind == engine::PathKind::folder && is_same(batch.folders[i])) {
        ++sum_.kept;
      } else if (options_.set_aside_suffix.empty()) {
        mistake(paths[i], "it is there, and holds something else",
                "--rerun sets it aside; a name without {#} does not depend on the order of rows");
      } else if (options_.in_use.contains(paths[i])) {
        mistake(paths[i], "it holds something else, and a job of it is under way",
                "wait for it: pecanctl run --attach");
      } else {
        aside_.push_back(paths[i]);
        missing_.push_back(batch.rows[i]);
        ++sum_.set_aside;
        ++sum_.made;
      }
    }
  }

  bool is_same(const engine::NewFolder& folder)
  {
    std::vector<std::string> paths;
    std::size_t longest = 0;
    for (const auto& file : folder.files) {
      paths.push_back(fmt::format("{}/{}", folder.path, file.path));
      longest = std::max(longest, file.content.size());
    }
    const auto texts = data_.find_ends(paths, longest + 1, deadline_, stop_);
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (!texts[i] || !texts[i]->is_whole || texts[i]->text != folder.files[i].content) {
        return false;
      }
    }
    return true;
  }

  void set_aside()
  {
    for (const auto& path : aside_) {
      data_.rename(path, path + options_.set_aside_suffix, deadline_, stop_);
    }
  }

  void make(Batch& batch)
  {
    const auto are_made = data_.make_folders(batch.folders, deadline_, stop_);
    for (std::size_t i = 0; i < are_made.size(); ++i) {
      if (!are_made[i] && !is_same(batch.folders[i])) {  // somebody else was faster
        throw Error{{.code = ErrorCode::conflict,
                     .what = fmt::format("cannot make the folder {}", batch.folders[i].path),
                     .why = "something else has taken its name meanwhile",
                     .hint = "is another pecanctl making the same array?"}};
      }
    }
  }

  void mistake(const std::string& path, std::string message, std::string hint)
  {
    if (mistakes_.size() < k_most_bad_folders) {
      mistakes_.push_back(
          {.file = "/data/" + path, .message = std::move(message), .hint = std::move(hint)});
    }
  }

  engine::DataAccess& data_;
  const MakeOptions& options_;
  bool is_rehearsal_;
  const Deadline& deadline_;
  std::stop_token stop_;
  std::vector<RowFolder> missing_;
  std::vector<std::string> aside_;
  std::vector<Diagnostic> mistakes_;
  MadeFolders sum_;
};

}  // namespace

MadeFolders make_folders(engine::DataAccess& data, const Template& model, const Table& table,
                         std::span<const RowFolder> folders, const MakeOptions& options,
                         const Deadline& deadline, std::stop_token stop)
{
  return FolderMaker{data, options, false, deadline, std::move(stop)}.run(model, table, folders);
}

MadeFolders look_at_folders(engine::DataAccess& data, const Template& model, const Table& table,
                            std::span<const RowFolder> folders, const MakeOptions& options,
                            const Deadline& deadline, std::stop_token stop)
{
  return FolderMaker{data, options, true, deadline, std::move(stop)}.run(model, table, folders);
}

}  // namespace pecanctl::arrays
