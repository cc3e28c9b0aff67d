// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

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
      fmt::format("/containers/{}/archive", http::url_encode(id)),
      {{"path", std::string{path}}, {"noOverwriteDirNonDir", std::string{no_overwrite}}});
}

// Source: RFC 4648, section 4. Stops at the padding or at what is no digit.
std::string decode_base64(std::string_view text)
{
  constexpr std::string_view k_digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string decoded;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char letter : text) {
    const auto value = k_digits.find(letter);
    if (value == std::string_view::npos) {
      break;
    }
    bits = (bits << 6U | static_cast<unsigned>(value)) & 0xFFFFU;
    count += 6;
    if (count >= 8) {
      count -= 8;
      decoded += static_cast<char>(bits >> count & 0xFFU);
    }
  }
  return decoded;
}

}  // namespace

void Engine::put_archive(std::string_view id, std::string_view folder,
                         std::span<const ArchiveFile> files, const Deadline& deadline,
                         std::stop_token stop)
{
  const http::Request request{.method = http::Method::put,
                              .target = archive_target(id, folder, "1"),
                              .headers = {{.name = "Content-Type", .value = "application/x-tar"}},
                              .body = write_tar(files)};
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
  const auto response =
      checked(what, exchange(get(archive_target(id, path)), nullptr, deadline, std::move(stop)),
              is_no_path);
  if (is_absent(response)) {
    return std::nullopt;
  }
  return with_context(what, [&] { return read_tar(response.body, limit); });
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
  const auto json = parse_json(decode_base64(response->header("X-Docker-Container-Path-Stat")));
  const auto mode = static_cast<std::uint32_t>(count_of(json, "mode"));
  return PathStat{.name = text_of(json, "name"),
                  .size = count_of(json, "size"),
                  .mode = mode,
                  .modified = text_of(json, "mtime"),
                  .is_directory = (mode & k_go_directory) != 0};
}

}  // namespace pecanctl::docker
