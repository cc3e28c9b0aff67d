// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <map>
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

constexpr std::size_t k_output_limit = std::size_t{16} << 20U;

std::string container_path(std::string_view id, std::string_view rest)
{
  return fmt::format("/containers/{}{}", percent_encode(id), rest);
}

bool says(const http::Response& response, std::string_view text)
{
  return message_of(response).find(text) != std::string::npos;
}

// Lines of one stream, each after its time.
class LogReader {
 public:
  LogReader(bool is_stderr, std::vector<LogLine>& lines)
      : splitter_{[is_stderr, &lines](std::string_view line) {
          const auto space = line.find(' ');
          const auto text =
              space == std::string_view::npos ? std::string_view{} : line.substr(space + 1);
          lines.push_back({.is_stderr = is_stderr,
                           .time = std::string{line.substr(0, space)},
                           .text = std::string{text}});
        }}
  {
  }

  LineSplitter& splitter() { return splitter_; }

 private:
  LineSplitter splitter_;
};

void append_up_to_limit(std::string& output, std::string_view piece)
{
  output += piece.substr(0, k_output_limit - output.size());
}

}  // namespace

std::optional<ContainerDetails> Engine::find_container(std::string_view id_or_name,
                                                       const Deadline& deadline,
                                                       std::stop_token stop)
{
  const std::string id{id_or_name};
  return find_containers({&id, 1}, 1, deadline, std::move(stop)).front();
}

std::vector<std::optional<ContainerDetails>> Engine::find_containers(
    std::span<const std::string> ids, std::size_t width, const Deadline& deadline,
    std::stop_token stop)
{
  const auto request = [](const std::string& id) { return get(container_path(id, "/json")); };
  const auto answers = ask_each(
      ids, {.what = "inspect container", .width = width, .request = request, .is_none = is_absent},
      deadline, std::move(stop));
  return read_each(answers, read_details);
}

std::vector<Engine::CreateOutcome> Engine::create_containers(
    std::span<const CreateRequest> requests, std::size_t width, const Deadline& deadline,
    std::stop_token stop)
{
  std::vector<http::Request> posts;
  for (const auto& request : requests) {
    posts.push_back(post(target_of("/containers/create", {{"name", request.name}})));
    posts.back().headers = {{.name = "Content-Type", .value = "application/json"}};
    posts.back().body = request.config;
  }
  auto outcomes = send_all(std::move(posts), width, {}, deadline, std::move(stop));
  std::vector<CreateOutcome> created(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    try {
      const auto response =
          checked(fmt::format("create container '{}'", requests[i].name), std::move(outcomes[i]));
      created[i].id = text_of(parse_object(response.body), "Id");
    } catch (const Error& error) {
      created[i].error = error;
    }
  }
  return created;
}

BatchResult Engine::start_containers(std::span<const std::string> ids, std::size_t width,
                                     const std::function<void(std::size_t)>& on_done,
                                     const Deadline& deadline, std::stop_token stop)
{
  const Batch batch{
      .verb = "start",
      .width = width,
      .request = [](const std::string& id) { return post(container_path(id, "/start")); },
      .on_done = on_done};
  return run_batch(ids, batch, deadline, std::move(stop));
}

BatchResult Engine::stop_containers(std::span<const std::string> ids, std::chrono::seconds grace,
                                    std::size_t width, const Deadline& deadline,
                                    std::stop_token stop)
{
  const auto request = [&](const std::string& id) {
    return post(target_of(container_path(id, "/stop"), {{"t", std::to_string(grace.count())}}));
  };
  return run_batch(ids, {.verb = "stop", .width = width, .request = request, .is_fine = is_absent},
                   deadline, std::move(stop));
}

BatchResult Engine::remove_containers(std::span<const std::string> ids, bool force,
                                      std::size_t width, const Deadline& deadline,
                                      std::stop_token stop)
{
  const auto request = [&](const std::string& id) {
    return docker::remove(
        target_of(container_path(id, ""), {{"v", "1"}, {"force", force ? "1" : ""}}));
  };
  const auto is_fine = [](const http::Response& response) {
    return is_absent(response) || (response.status == 409 && says(response, "already in progress"));
  };
  return run_batch(ids, {.verb = "remove", .width = width, .request = request, .is_fine = is_fine},
                   deadline, std::move(stop));
}

BatchResult Engine::pause_containers(std::span<const std::string> ids, const Deadline& deadline,
                                     std::stop_token stop)
{
  const auto request = [](const std::string& id) { return post(container_path(id, "/pause")); };
  const auto is_fine = [](const http::Response& response) {
    return says(response, "already paused");
  };
  return run_batch(ids, {.verb = "pause", .request = request, .is_fine = is_fine}, deadline,
                   std::move(stop));
}

BatchResult Engine::unpause_containers(std::span<const std::string> ids, const Deadline& deadline,
                                       std::stop_token stop)
{
  const auto request = [](const std::string& id) { return post(container_path(id, "/unpause")); };
  const auto is_fine = [](const http::Response& response) {
    return says(response, "is not paused");
  };
  return run_batch(ids, {.verb = "unpause", .request = request, .is_fine = is_fine}, deadline,
                   std::move(stop));
}

BatchResult Engine::kill_containers(std::span<const std::string> ids, std::string_view signal,
                                    const Deadline& deadline, std::stop_token stop)
{
  const auto request = [&](const std::string& id) {
    return post(target_of(container_path(id, "/kill"), {{"signal", std::string{signal}}}));
  };
  const auto is_fine = [](const http::Response& response) {
    return is_absent(response) || says(response, "is not running");
  };
  return run_batch(ids, {.verb = "kill", .request = request, .is_fine = is_fine}, deadline,
                   std::move(stop));
}

std::vector<std::optional<std::vector<Process>>> Engine::list_processes(
    std::span<const std::string> ids, std::size_t width, const Deadline& deadline,
    std::stop_token stop)
{
  const auto request = [](const std::string& id) {
    return get(target_of(container_path(id, "/top"), {{"ps_args", "-eo pid,args"}}));
  };
  const auto runs_none = [](const http::Response& response) {
    return is_absent(response) || response.status == 409;
  };
  const auto answers = ask_each(ids,
                                {.what = "list the processes of container",
                                 .width = width,
                                 .request = request,
                                 .is_none = runs_none},
                                deadline, std::move(stop));
  return read_each(answers, read_processes);
}

int Engine::wait_container(std::string_view id, const Deadline& deadline, std::stop_token stop)
{
  const auto what = fmt::format("wait for container '{}'", id);
  const auto response = call(what, post(container_path(id, "/wait")), deadline, std::move(stop));
  const auto json = parse_object(response.body);
  const auto* const error = find_member(json, "Error");
  if (const auto why = error == nullptr ? std::string{} : text_of(*error, "Message");
      !why.empty()) {
    throw Error{{.code = ErrorCode::failed, .what = fmt::format("cannot {}", what), .why = why}};
  }
  return number_of(json, "StatusCode");
}

std::vector<LogLine> Engine::list_logs(std::string_view id, int tail, const Deadline& deadline,
                                       std::stop_token stop)
{
  const auto what = fmt::format("read the log of container '{}'", id);
  const auto inspected = call(what, get(container_path(id, "/json")), deadline, stop);
  const bool has_terminal = read_details(parse_object(inspected.body)).has_terminal;
  std::vector<LogLine> lines;
  LogReader out{false, lines};
  LogReader err{true, lines};
  Demultiplexer demultiplexer{has_terminal, [&](bool is_stderr, std::string_view piece) {
                                (is_stderr ? err : out).splitter().push(piece);
                              }};
  auto target =
      target_of(container_path(id, "/logs"), {{"stdout", "1"},
                                              {"stderr", "1"},
                                              {"timestamps", "1"},
                                              {"tail", tail > 0 ? std::to_string(tail) : "all"}});
  stream(
      what, get(std::move(target)), [&](std::string_view piece) { demultiplexer.push(piece); },
      deadline, std::move(stop));
  out.splitter().finish();
  err.splitter().finish();
  return lines;
}

ExecResult Engine::exec(std::string_view id, std::span<const std::string> command,
                        const Deadline& deadline, std::stop_token stop)
{
  const auto what = fmt::format("run a command in container '{}'", id);
  const nlohmann::json config{{"AttachStdout", true}, {"AttachStderr", true}, {"Cmd", command}};
  const auto created = call(what, post_json(container_path(id, "/exec"), config), deadline, stop);
  const auto exec_path =
      fmt::format("/exec/{}", percent_encode(text_of(parse_object(created.body), "Id")));
  ExecResult result;
  Demultiplexer demultiplexer{false, [&](bool is_stderr, std::string_view piece) {
                                append_up_to_limit(is_stderr ? result.error_output : result.output,
                                                   piece);
                              }};
  stream(
      what, post_json(exec_path + "/start", {{"Detach", false}, {"Tty", false}}),
      [&](std::string_view piece) { demultiplexer.push(piece); }, deadline, stop);
  const auto ended = call(what, get(exec_path + "/json"), deadline, std::move(stop));
  result.exit_code = number_of(parse_object(ended.body), "ExitCode");
  return result;
}

}  // namespace pecanctl::docker
