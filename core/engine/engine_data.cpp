// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/docker/archive.hpp"
#include "core/docker/engine.hpp"
#include "core/engine/data_access.hpp"
#include "core/engine/engine_answers.hpp"
#include "core/engine/engine_folders.hpp"

namespace pecanctl::engine {
namespace {

constexpr std::size_t k_batch = 500;                              // paths on one command line
constexpr std::uint64_t k_batch_bytes = std::uint64_t{8} << 20U;  // of contents in one answer
constexpr std::size_t k_file_limit = std::size_t{64} << 20U;
constexpr std::uint32_t k_go_not_regular = 0x8F28'0000U;  // os.ModeType
constexpr std::uint32_t k_mode_bits = 0777;

// A number that differs where the time does: nothing is computed with it.
std::int64_t to_mark(const std::string& time)
{
  return static_cast<std::int64_t>(std::hash<std::string>{}(time));
}

// The folders on the way to `paths`, and the paths themselves.
std::set<std::string> with_parents(std::span<const std::string> paths)
{
  std::set<std::string> all;
  for (const auto& path : paths) {
    for (auto slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      all.insert(path.substr(0, slash));
    }
    all.insert(path);
  }
  return all;
}

class EngineData : public DataAccess {
 public:
  EngineData(docker::Engine& engine, FindContainer find_container)
      : engine_{engine},
        find_container_{std::move(find_container)}
  {
  }

  bool is_local() const override { return false; }

  std::vector<std::optional<PathInfo>> look(std::span<const std::string> paths,
                                            const Deadline& deadline, std::stop_token stop) override
  {
    const auto known = look_all(paths, deadline, stop);
    std::vector<std::optional<PathInfo>> found;
    found.reserve(paths.size());
    for (const auto& path : paths) {
      const auto info = known.find(path);
      found.push_back(info != known.end() && has_plain_parents(path, known)
                          ? std::optional{info->second}
                          : std::nullopt);
    }
    return found;
  }

  std::vector<std::optional<FileEnd>> find_ends(std::span<const std::string> paths,
                                                std::size_t limit, const Deadline& deadline,
                                                std::stop_token stop) override
  {
    std::vector<std::optional<FileEnd>> found(paths.size());
    const auto infos = look(paths, deadline, stop);
    for (std::size_t first = 0; first < paths.size();) {
      std::uint64_t bytes = 0;
      std::vector<std::size_t> batch;
      for (; first < paths.size() && batch.size() < k_batch && bytes < k_batch_bytes; ++first) {
        if (infos[first] && infos[first]->kind == PathKind::file) {
          batch.push_back(first);
          bytes += infos[first]->stamp.size;
        }
      }
      read_batch(paths, batch, limit, found, deadline, stop);
    }
    return found;
  }

  std::vector<std::optional<FileDigest>> digest_files(std::span<const std::string> paths,
                                                      const Deadline& deadline,
                                                      std::stop_token stop) override
  {
    const auto infos = look(paths, deadline, stop);
    return digest_by_program(
        paths, infos, [&](const auto& command) { return exec(command, deadline, stop).output; });
  }

  std::vector<std::string> list_folders(std::string_view path, const Deadline& deadline,
                                        std::stop_token stop) override
  {
    return list(path, true, deadline, stop);
  }

  std::vector<std::string> list_files(std::string_view path, const Deadline& deadline,
                                      std::stop_token stop) override
  {
    return list(path, false, deadline, stop);
  }

  void remove(std::span<const std::string> paths, const Deadline& deadline,
              std::stop_token stop) override
  {
    for (std::size_t first = 0; first < paths.size(); first += k_batch) {
      std::vector<std::string> command{"rm", "-f", "--"};
      for (const auto& path : paths.subspan(first, std::min(k_batch, paths.size() - first))) {
        command.push_back(to_container_path(path));
      }
      change(command, fmt::format("cannot remove {}", to_container_path(paths[first])), deadline,
             stop);
    }
  }

  void rename(std::string_view from, std::string_view to, const Deadline& deadline,
              std::stop_token stop) override
  {
    const std::array command{std::string{"mv"}, std::string{"-f"}, std::string{"--"},
                             to_container_path(from), to_container_path(to)};
    change(command, fmt::format("cannot rename {}", to_container_path(from)), deadline, stop);
  }

  std::vector<bool> make_folders(std::span<const NewFolder> folders, const Deadline& deadline,
                                 std::stop_token stop) override
  {
    std::vector<std::string> paths;
    for (const auto& folder : folders) {
      paths.push_back(folder.path);
    }
    const auto infos = look(paths, deadline, stop);
    std::vector<bool> are_made(folders.size());
    std::vector<NewFolder> missing;
    for (std::size_t i = 0; i < folders.size(); ++i) {
      are_made[i] = !infos[i];
      if (!infos[i]) {
        missing.push_back(folders[i]);
      }
    }
    make_container_folders(
        {.run =
             [&](const auto& command) {
               return change(command, "cannot make the run folders", deadline, stop);
             },
         .put = [&](const auto& folder, auto files) { put(folder, files, deadline, stop); }},
        missing);
    return are_made;
  }

 private:
  using Infos = std::map<std::string, PathInfo>;

  // The container may be removed at any time (scale): then another one is asked.
  template <typename Work>
  auto with_container(const Deadline& deadline, const std::stop_token& stop, Work&& work)
  {
    const bool is_known = !container_.empty();
    if (!is_known) {
      container_ = find_container_(deadline, stop);
    }
    try {
      return work(container_);
    } catch (const Error& error) {
      if (!is_known ||
          (error.code() != ErrorCode::not_found && error.code() != ErrorCode::conflict)) {
        throw;
      }
    }
    has_programs_.reset();
    container_ = find_container_(deadline, stop);
    return work(container_);
  }

  docker::ExecResult exec(std::span<const std::string> command, const Deadline& deadline,
                          const std::stop_token& stop)
  {
    return with_container(deadline, stop, [&](const std::string& id) {
      return engine_.exec(id, command, deadline, stop);
    });
  }

  void put(const std::string& folder, std::span<const docker::ArchiveFile> files,
           const Deadline& deadline, const std::stop_token& stop)
  {
    with_container(deadline, stop, [&](const std::string& id) {
      engine_.put_archive(id, folder, files, deadline, stop);
    });
  }

  bool has_programs(const Deadline& deadline, const std::stop_token& stop)
  {
    if (!has_programs_) {
      const std::array command{std::string{"stat"}, std::string{"-c"}, std::string{"%f"},
                               std::string{"/data"}};
      try {
        has_programs_ = exec(command, deadline, stop).exit_code == 0;
      } catch (const Error& error) {
        if (error.code() == ErrorCode::unreachable || error.code() == ErrorCode::timeout) {
          throw;
        }
        has_programs_ = false;  // no such program in the image
      }
    }
    return *has_programs_;
  }

  static bool has_plain_parents(const std::string& path, const Infos& known)
  {
    for (auto slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      const auto parent = known.find(path.substr(0, slash));
      if (parent == known.end() || parent->second.kind != PathKind::folder) {
        return false;
      }
    }
    return true;
  }

  Infos look_all(std::span<const std::string> paths, const Deadline& deadline,
                 const std::stop_token& stop)
  {
    const auto wanted = with_parents(paths);
    if (!has_programs(deadline, stop)) {
      return look_by_archive(wanted, deadline, stop);
    }
    Infos infos;
    for (auto next = wanted.begin(); next != wanted.end();) {
      std::vector<std::string> command{"stat", "-c", "%f %s %Y %n", "--"};
      for (; next != wanted.end() && command.size() < k_batch; ++next) {
        command.push_back(to_container_path(*next));
      }
      add_stat_lines(exec(command, deadline, stop).output, infos);
    }
    return infos;
  }

  Infos look_by_archive(const std::set<std::string>& wanted, const Deadline& deadline,
                        const std::stop_token& stop)
  {
    Infos infos;
    for (const auto& path : wanted) {
      const auto found = with_container(deadline, stop, [&](const std::string& id) {
        return engine_.find_path(id, to_container_path(path), deadline, stop);
      });
      if (found) {
        const bool is_file = (found->mode & k_go_not_regular) == 0;
        infos.emplace(path,
                      PathInfo{.kind = found->is_directory ? PathKind::folder
                                       : is_file           ? PathKind::file
                                                           : PathKind::other,
                               .stamp = {.modified = to_mark(found->modified), .size = found->size},
                               .mode = found->mode & k_mode_bits});
      }
    }
    return infos;
  }

  void read_batch(std::span<const std::string> paths, std::span<const std::size_t> batch,
                  std::size_t limit, std::vector<std::optional<FileEnd>>& found,
                  const Deadline& deadline, const std::stop_token& stop)
  {
    std::map<std::string, std::size_t> index;
    if (batch.size() > 1 && has_programs(deadline, stop)) {
      std::vector<std::string> command{"tar", "-C", "/data", "-cf", "-", "--"};
      for (const auto i : batch) {
        command.push_back(paths[i]);
        index.emplace(paths[i], i);
      }
      try {
        keep_ends(docker::read_tar(exec(command, deadline, stop).output, k_file_limit), index,
                  limit, found);
      } catch (const Error& error) {
        if (error.code() == ErrorCode::unreachable || error.code() == ErrorCode::timeout) {
          throw;
        }  // no tar in the image: one by one
      }
    }
    for (const auto i : batch) {
      if (!found[i]) {
        const auto files = with_container(deadline, stop, [&](const std::string& id) {
          return engine_.find_archive(id, to_container_path(paths[i]), k_file_limit, deadline,
                                      stop);
        });
        const auto name = paths[i].substr(paths[i].rfind('/') + 1);
        keep_ends(files.value_or(std::vector<docker::ArchiveFile>{}), {{name, i}}, limit, found);
      }
    }
  }

  static void keep_ends(const std::vector<docker::ArchiveFile>& files,
                        const std::map<std::string, std::size_t>& index, std::size_t limit,
                        std::vector<std::optional<FileEnd>>& found)
  {
    for (const auto& file : files) {
      if (const auto known = index.find(file.path); known != index.end()) {
        const auto start = file.content.size() > limit ? file.content.size() - limit : 0;
        found[known->second] = FileEnd{.text = file.content.substr(start), .is_whole = start == 0};
      }
    }
  }

  std::vector<std::string> list(std::string_view path, bool wants_folders, const Deadline& deadline,
                                const std::stop_token& stop)
  {
    if (!has_programs(deadline, stop)) {
      throw Error{{.code = ErrorCode::denied,
                   .what = fmt::format("cannot list {}", to_container_path(path)),
                   .why = "the image of the model's workers has no programs for that",
                   .hint = "name the folders one by one, or run pecanctl as root"}};
    }
    std::vector<std::string> command{"find", to_container_path(path), "-mindepth", "1", "-maxdepth",
                                     "1"};
    if (!wants_folders) {
      command.emplace_back("!");
    }
    command.insert(command.end(), {"-type", "d", "-print0"});
    std::vector<std::string> names;
    for (const auto& line : split(exec(command, deadline, stop).output, '\0')) {
      if (!line.empty()) {
        names.push_back(line.substr(line.rfind('/') + 1));
      }
    }
    std::ranges::sort(names);
    return names;
  }

  std::string change(std::span<const std::string> command, std::string what,
                     const Deadline& deadline, const std::stop_token& stop)
  {
    const auto result =
        has_programs(deadline, stop) ? std::optional{exec(command, deadline, stop)} : std::nullopt;
    if (!result || result->exit_code != 0) {
      throw Error{{.code = ErrorCode::denied,
                   .what = std::move(what),
                   .why = result ? std::string{trim(result->error_output)}
                                 : "the image of the model's workers has no programs for that",
                   .hint = "run pecanctl as root"}};
    }
    return result->output;
  }

  docker::Engine& engine_;
  FindContainer find_container_;
  std::string container_;
  std::optional<bool> has_programs_;
};

}  // namespace

std::optional<std::string> find_volume_folder(docker::Engine& engine, std::string_view name,
                                              const Deadline& deadline, std::stop_token stop)
{
  const auto volume = engine.find_volume(name, deadline, std::move(stop));
  return volume ? std::optional{volume->mountpoint} : std::nullopt;
}

std::unique_ptr<DataAccess> make_engine_data(docker::Engine& engine, FindContainer find_container)
{
  return std::make_unique<EngineData>(engine, std::move(find_container));
}

}  // namespace pecanctl::engine
