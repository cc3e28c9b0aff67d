// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/arrays/template.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "core/arrays/pattern.hpp"
#include "core/base/error.hpp"
#include "core/base/fd.hpp"

namespace pecanctl::arrays {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_limit = std::size_t{64} << 20U;
constexpr std::string_view k_filled = ".in";
constexpr std::string_view k_outcome = "rabbitmq.out";
constexpr std::uint32_t k_mode_bits = 0777;

Error bad_template(std::string_view name, std::string why, std::string hint)
{
  return Error{{.code = ErrorCode::invalid,
                .what = fmt::format("cannot use the template {}", name),
                .why = std::move(why),
                .hint = std::move(hint)}};
}

void add_file(Template& model, engine::NewFile file, std::size_t& bytes)
{
  bytes += file.content.size();
  if (bytes > k_limit) {
    throw bad_template(model.name, "its files are more than 64 MiB",
                       "keep what all runs share outside, and name it by its path in /data");
  }
  if (file.path != k_outcome) {
    model.files.push_back(std::move(file));
  }
}

Template checked(Template model)
{
  std::ranges::sort(model.files, {}, &engine::NewFile::path);
  const bool has_script = std::ranges::any_of(model.files, [](const engine::NewFile& file) {
    return file.path == "job.sh" || file.path == "job.sh.in";
  });
  if (!has_script) {
    throw bad_template(model.name, "it has no job.sh, nor job.sh.in",
                       "job.sh is what a worker runs in each folder");
  }
  for (const auto& file : model.files) {
    const auto twin = file.path + std::string{k_filled};
    if (std::ranges::any_of(model.files, [&](const auto& other) { return other.path == twin; })) {
      throw bad_template(model.name,
                         fmt::format("both {} and {} give {}", file.path, twin, file.path),
                         "remove one of them");
    }
  }
  return model;
}

std::uint32_t mode_of(const fs::path& path)
{
  struct stat status {};

  if (::stat(path.c_str(), &status) != 0) {
    throw system_error(fmt::format("cannot read {}", path.string()), errno);
  }
  return status.st_mode & k_mode_bits;
}

std::string join(const std::string& base, const std::string& rest)
{
  return base.empty() ? rest : fmt::format("{}/{}", base, rest);
}

// Reads the folders below the template's `root`, one after the other.
void read_tree(engine::DataAccess& data, const std::string& root, Template& model,
               const Deadline& deadline, const std::stop_token& stop)
{
  std::size_t bytes = 0;
  std::vector<std::string> folders{""};
  while (!folders.empty()) {
    const auto folder = std::move(folders.back());
    folders.pop_back();
    const auto place = folder.empty() ? root : join(root, folder);
    for (const auto& name : data.list_folders(place, deadline, stop)) {
      folders.push_back(join(folder, name));
    }
    std::vector<std::string> names;
    std::vector<std::string> paths;
    for (const auto& name : data.list_files(place, deadline, stop)) {
      names.push_back(join(folder, name));
      paths.push_back(join(root, names.back()));
    }
    const auto infos = data.look(paths, deadline, stop);
    auto texts = data.find_ends(paths, k_limit, deadline, stop);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!infos[i] || !texts[i]) {
        throw bad_template(model.name, fmt::format("{} is no plain file", names[i]),
                           "put a copy of the file there");
      }
      add_file(model,
               {.path = names[i],
                .content = std::move(texts[i]->text),
                .mode = infos[i]->mode & k_mode_bits},
               bytes);
    }
  }
}

}  // namespace

Template read_template(const fs::path& path)
{
  Template model{.name = path.string()};
  std::error_code error;
  std::size_t bytes = 0;
  for (fs::recursive_directory_iterator entry{path, error}; !error && entry != end(entry);
       entry.increment(error)) {
    if (entry->is_directory() && !entry->is_symlink()) {
      continue;
    }
    const auto name = entry->path().lexically_relative(path).string();
    if (!entry->is_regular_file() || entry->is_symlink()) {
      throw bad_template(model.name, fmt::format("{} is no plain file", name),
                         "put a copy of the file there");
    }
    add_file(model,
             {.path = name,
              .content = read_file(entry->path(), k_limit),
              .mode = mode_of(entry->path())},
             bytes);
  }
  if (error) {
    throw system_error(fmt::format("cannot read the template {}", path.string()), error.value());
  }
  return checked(std::move(model));
}

Template read_template(engine::DataAccess& data, const std::string& path, const Deadline& deadline,
                       std::stop_token stop)
{
  Template model{.name = "/data/" + path};
  const auto info = data.look(std::span{&path, 1}, deadline, stop).front();
  if (!info || info->kind != engine::PathKind::folder) {
    throw Error{{.code = ErrorCode::not_found,
                 .what = fmt::format("cannot use the template {}", path),
                 .why = "there is no such folder, neither here nor in /data",
                 .hint = "name a folder with a job.sh or job.sh.in"}};
  }
  read_tree(data, path, model, deadline, stop);
  return checked(std::move(model));
}

std::vector<engine::NewFile> fill_template(const Template& model, const Table& table,
                                           std::size_t row)
{
  std::vector<engine::NewFile> files;
  files.reserve(model.files.size());
  for (const auto& file : model.files) {
    auto made = file;
    if (file.path.ends_with(k_filled)) {
      made.path.resize(file.path.size() - k_filled.size());
      made.content = fill_in(file.content, table, row);
    }
    files.push_back(std::move(made));
  }
  return files;
}

}  // namespace pecanctl::arrays
