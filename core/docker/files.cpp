// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/base64.hpp"
#include "core/base/text.hpp"
#include "core/docker/archive.hpp"
#include "core/docker/engine.hpp"
#include "core/docker/json.hpp"
#include "core/docker/request.hpp"

namespace pecanctl::docker {
namespace {

constexpr std::uint32_t k_go_directory = 1U << 31U;  // os.ModeDir

std::string archive_target(std::string_view id, std::string_view path,
                           std::string_view no_overwrite = {})
{
  return target_of(
      fmt::format("/containers/{}/archive", percent_encode(id)),
      {{"path", std::string{path}}, {"noOverwriteDirNonDir", std::string{no_overwrite}}});
}

struct Upload {
  std::string folder;
  std::vector<ArchiveFile> files;
};

// The engine skips an entry "./" (seen with 20.10), so a folder gets its own owner and mode only
// from a tar that is unpacked in its parent.
Upload from_parent(const std::string& folder, std::span<const ArchiveFile> files)
{
  const auto path = std::filesystem::path{folder + "/."}.lexically_normal().parent_path();
  Upload upload{.folder = path.parent_path().string(), .files = {files.begin(), files.end()}};
  for (auto& file : upload.files) {
    const auto name = file.path.starts_with("./") ? file.path.substr(2) : file.path;
    file.path = fmt::format("{}/{}", path.filename().string(), name);
  }
  return upload;
}

}  // namespace

void Engine::put_archive(std::string_view id, std::string_view folder,
                         std::span<const ArchiveFile> files, const Deadline& deadline,
                         std::stop_token stop)
{
  Upload upload{.folder = std::string{folder}, .files = {files.begin(), files.end()}};
  const auto is_folder_itself = [](const ArchiveFile& file) { return file.path == "./"; };
  if (folder != "/" && std::ranges::any_of(files, is_folder_itself)) {
    upload = from_parent(upload.folder, files);
  }
  const http::Request request{.method = http::Method::put,
                              .target = archive_target(id, upload.folder, "1"),
                              .headers = {{.name = "Content-Type", .value = "application/x-tar"}},
                              .body = write_tar(upload.files)};
  call(fmt::format("write to {} of container '{}'", folder, id), request, deadline,
       std::move(stop));
}

std::optional<std::vector<ArchiveFile>> Engine::find_archive(std::string_view id,
                                                             std::string_view path,
                                                             std::size_t limit,
                                                             const Deadline& deadline,
                                                             std::stop_token stop)
{
  const auto what = fmt::format("read {} of container '{}'", path, id);
  const auto is_no_path = [](const http::Response& response) {
    return is_absent(response) && !message_of(response).starts_with("No such container");
  };
  TarReader reader{limit};
  const http::BodySink sink = [&](std::string_view piece) { reader.push(piece); };
  const auto response = checked(
      what, exchange(get(archive_target(id, path)), &sink, deadline, std::move(stop)), is_no_path);
  if (is_absent(response)) {
    return std::nullopt;
  }
  return with_context(what, [&] { return reader.finish(); });
}

std::optional<PathStat> Engine::find_path(std::string_view id, std::string_view path,
                                          const Deadline& deadline, std::stop_token stop)
{
  const http::Request request{.method = http::Method::head, .target = archive_target(id, path)};
  const auto response = find(fmt::format("look at {} of container '{}'", path, id), request,
                             deadline, std::move(stop));
  if (!response) {
    return std::nullopt;
  }
  const auto json =
      parse_object(decode_base64(response->header("X-Docker-Container-Path-Stat")).value_or(""));
  const auto mode = static_cast<std::uint32_t>(count_of(json, "mode"));
  return PathStat{.name = text_of(json, "name"),
                  .size = count_of(json, "size"),
                  .mode = mode,
                  .modified = text_of(json, "mtime"),
                  .is_directory = (mode & k_go_directory) != 0};
}

}  // namespace pecanctl::docker
