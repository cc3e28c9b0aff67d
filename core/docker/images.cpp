// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <deque>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "core/docker/engine.hpp"
#include "core/docker/json.hpp"
#include "core/docker/read.hpp"
#include "core/docker/request.hpp"
#include "core/docker/stream.hpp"

namespace pecanctl::docker {
namespace {

constexpr std::size_t k_lines_kept = 20;

// "registry:5000/pecan/model:1.8" as the API takes it: name and tag, or name and digest.
struct Reference {
  std::string name;
  std::string tag;
};

Reference parse_reference(std::string_view text)
{
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    return {.name = std::string{text.substr(0, at)}, .tag = std::string{text.substr(at + 1)}};
  }
  const auto slash = text.rfind('/');
  const auto colon = text.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon == std::string_view::npos) {
    return {.name = std::string{text}, .tag = "latest"};
  }
  return {.name = std::string{text.substr(0, colon)}, .tag = std::string{text.substr(colon + 1)}};
}

// Slashes of an image's name are part of the path.
std::string image_path(std::string_view reference, std::string_view rest = {})
{
  std::string path = "/images";
  for (const auto& segment : split(reference, '/')) {
    path += "/" + percent_encode(segment);
  }
  return path.append(rest);
}

BuildProgress read_progress(const Json& json)
{
  BuildProgress progress{.id = text_of(json, "id"), .status = text_of(json, "status")};
  if (progress.status.empty()) {
    progress.status = text_of(json, "stream");
  }
  if (const auto* const detail = find_member(json, "progressDetail")) {
    progress.current = count_of(*detail, "current");
    progress.total = count_of(*detail, "total");
  }
  return progress;
}

// {"error": "…", "errorDetail": {"code": 1, "message": "…"}}. Only a command of a build has a code;
// what it prints must not pass for the words of a registry.
std::optional<Error> read_error(const Json& json, std::string_view what)
{
  const auto message = text_of(json, "error");
  if (message.empty()) {
    return std::nullopt;
  }
  const auto* const detail = find_member(json, "errorDetail");
  if (detail == nullptr || number_of(*detail, "code") == 0) {
    return registry_error(message, what);
  }
  return Error{{.code = ErrorCode::failed,
                .what = fmt::format("cannot {}", what),
                .why = escape_control(trim(message))}};
}

// Reads the JSON lines of a pull, build or import.
class ProgressReader {
 public:
  ProgressReader(std::string_view what, const ProgressSink& progress)
      : what_{what},
        progress_{progress},
        lines_{[this](std::string_view line) { take(line); }}
  {
  }

  ProgressReader(const ProgressReader&) = delete;
  ProgressReader& operator=(const ProgressReader&) = delete;
  ~ProgressReader() = default;

  void push(std::string_view piece) { lines_.push(piece); }

  // Throws what the stream said went wrong.
  void finish()
  {
    lines_.finish();
    if (!error_) {
      return;
    }
    auto info = error_->info();
    std::string said;
    for (const auto& line : output_) {
      said += line + "\n";
    }
    info.why.insert(0, said);
    throw Error{std::move(info)};
  }

 private:
  void take(std::string_view line)
  {
    const auto json = parse_object(line);
    if (!error_) {
      error_ = read_error(json, what_);
    }
    if (const auto text = text_of(json, "stream"); !trim(text).empty()) {
      output_.push_back(escape_control(trim(text)));
      if (output_.size() > k_lines_kept) {
        output_.pop_front();
      }
    }
    if (const auto progress = read_progress(json); progress_ && !progress.status.empty()) {
      progress_(progress);
    }
  }

  std::string_view what_;
  const ProgressSink& progress_;
  LineSplitter lines_;
  std::deque<std::string> output_;
  std::optional<Error> error_;
};

}  // namespace

void Engine::follow(std::string_view what, http::Request request, const ProgressSink& progress,
                    const Deadline& deadline, std::stop_token stop)
{
  ProgressReader reader{what, progress};
  stream(
      what, std::move(request), [&](std::string_view piece) { reader.push(piece); }, deadline,
      std::move(stop));
  reader.finish();
}

std::optional<Image> Engine::find_image(std::string_view reference, const Deadline& deadline,
                                        std::stop_token stop)
{
  const std::string one{reference};
  return find_images({&one, 1}, 1, deadline, std::move(stop)).front();
}

std::vector<std::optional<Image>> Engine::find_images(std::span<const std::string> references,
                                                      std::size_t width, const Deadline& deadline,
                                                      std::stop_token stop)
{
  const auto request = [](const std::string& name) { return get(image_path(name, "/json")); };
  const auto answers =
      ask_each(references,
               {.what = "inspect image", .width = width, .request = request, .is_none = is_absent},
               deadline, std::move(stop));
  return read_each(answers, read_image);
}

void Engine::pull_image(std::string_view reference, const ProgressSink& progress,
                        const Deadline& deadline, std::stop_token stop)
{
  const auto [name, tag] = parse_reference(reference);
  const auto what = fmt::format("pull image '{}'", reference);
  try {
    follow(what, post(target_of("/images/create", {{"fromImage", name}, {"tag", tag}})), progress,
           deadline, std::move(stop));
  } catch (const Error& error) {
    // Before the stream begins a registry's failure comes as a status of the engine's.
    if (error.code() != ErrorCode::failed && error.code() != ErrorCode::not_found) {
      throw;
    }
    auto told = registry_error(error.info().why, what);
    throw told.code() == ErrorCode::failed ? error : told;
  }
}

void Engine::build_image(const BuildRequest& wanted, const http::BodySource& context,
                         const ProgressSink& progress, const Deadline& deadline,
                         std::stop_token stop)
{
  const auto labels = wanted.labels.empty() ? std::string{} : dump_json(wanted.labels);
  auto request = post(target_of("/build", {{"t", wanted.tag},
                                           {"version", "1"},
                                           {"networkmode", wanted.use_host_network ? "host" : ""},
                                           {"labels", labels},
                                           {"rm", "1"},
                                           {"forcerm", "1"}}));
  request.headers = {{.name = "Content-Type", .value = "application/x-tar"}};
  request.body_source = context;
  follow(fmt::format("build image '{}'", wanted.tag), std::move(request), progress, deadline,
         std::move(stop));
}

void Engine::import_image(std::string_view tag, const http::BodySource& tar,
                          const Deadline& deadline, std::stop_token stop)
{
  const auto [name, version] = parse_reference(tag);
  auto request =
      post(target_of("/images/create", {{"fromSrc", "-"}, {"repo", name}, {"tag", version}}));
  request.headers = {{.name = "Content-Type", .value = "application/x-tar"}};
  request.body_source = tar;
  follow(fmt::format("import image '{}'", tag), std::move(request), {}, deadline, std::move(stop));
}

void Engine::tag_image(std::string_view reference, std::string_view tag, const Deadline& deadline,
                       std::stop_token stop)
{
  const auto [name, version] = parse_reference(tag);
  auto target = target_of(image_path(reference, "/tag"), {{"repo", name}, {"tag", version}});
  call(fmt::format("tag image '{}' as '{}'", reference, tag), post(std::move(target)), deadline,
       std::move(stop));
}

bool Engine::remove_image(std::string_view reference, const Deadline& deadline,
                          std::stop_token stop)
{
  return remove(fmt::format("remove image '{}'", reference), image_path(reference), deadline,
                std::move(stop));
}

}  // namespace pecanctl::docker
