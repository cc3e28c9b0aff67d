// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/docker/types.hpp"
#include "core/http/transport.hpp"

namespace pecanctl::docker {

/// One line of a pull or build stream.
struct BuildProgress {
  std::string id;      ///< layer, or empty
  std::string status;  ///< "Downloading", or a build output line
  std::uint64_t current = 0;
  std::uint64_t total = 0;
};

using ProgressSink = std::function<void(const BuildProgress&)>;

/// What becomes of each item of a batch: no error, or why not. Same order as the input.
using BatchResult = std::vector<std::optional<Error>>;

/// The newest version of the API that we were written for.
inline constexpr ApiVersion k_newest_api{1, 47};
/// Older engines are refused.
inline constexpr ApiVersion k_oldest_api{1, 41};

/// The Docker Engine over its HTTP API. Source: Docker Engine API 1.41 and newer. The version is
/// negotiated at the first call: the newest both sides know, between 1.41 and `k_newest_api`.
///
/// Every method @throws Error unreachable, denied, timeout (transport); not_found (404, where the
/// text says so), conflict (409), failed (5xx; `why` is the engine's message); and Cancelled. Each
/// takes its deadline and stop token last. Not thread-safe.
class Engine {
 public:
  explicit Engine(std::unique_ptr<http::Transport> transport);

  /// The version we speak with it.
  ApiVersion api(const Deadline& deadline, std::stop_token stop);
  EngineInfo get_info(const Deadline& deadline, std::stop_token stop);

  // Images
  std::optional<Image> find_image(std::string_view reference, const Deadline& deadline,
                                  std::stop_token stop);
  /// The same for many, `width` at a time, in their order.
  std::vector<std::optional<Image>> find_images(std::span<const std::string> references,
                                                std::size_t width, const Deadline& deadline,
                                                std::stop_token stop);
  /// @throws also not_found when the registry has no such image, denied when it refuses,
  /// unreachable when the *registry* cannot be reached.
  void pull_image(std::string_view reference, const ProgressSink& progress,
                  const Deadline& deadline, std::stop_token stop);

  struct BuildRequest {
    std::string tag;
    Labels labels = {};  ///< added to the image
    bool use_host_network = false;
  };

  /// Builds from a tar stream (classic builder). @throws also failed with the last lines of the
  /// build's output as `why`.
  void build_image(const BuildRequest& wanted, const http::BodySource& context,
                   const ProgressSink& progress, const Deadline& deadline, std::stop_token stop);
  /// Makes an image of one layer from the tar of a root file system.
  void import_image(std::string_view tag, const http::BodySource& tar, const Deadline& deadline,
                    std::stop_token stop);
  void tag_image(std::string_view reference, std::string_view tag, const Deadline& deadline,
                 std::stop_token stop);
  bool remove_image(std::string_view reference, const Deadline& deadline, std::stop_token stop);

  // Containers. `label` filters are exact "key=value" pairs; there is no way to select by name on
  // purpose.
  std::vector<ContainerSummary> list_containers(std::span<const std::string> labels,
                                                const Deadline& deadline, std::stop_token stop);
  std::optional<ContainerDetails> find_container(std::string_view id_or_name,
                                                 const Deadline& deadline, std::stop_token stop);
  /// Several at once, in the order of `ids`; nothing for those that are not there.
  std::vector<std::optional<ContainerDetails>> find_containers(std::span<const std::string> ids,
                                                               std::size_t width,
                                                               const Deadline& deadline,
                                                               std::stop_token stop);

  struct CreateRequest {
    std::string name;
    std::string config;  ///< JSON body of POST /containers/create
  };

  struct CreateOutcome {
    std::string id;  ///< empty when `error` is set
    std::optional<Error> error;
  };

  /// Creates all of them, at most `width` at a time.
  std::vector<CreateOutcome> create_containers(std::span<const CreateRequest> requests,
                                               std::size_t width, const Deadline& deadline,
                                               std::stop_token stop);
  /// Already running is success (304). A container that cannot get its port is `conflict`.
  BatchResult start_containers(std::span<const std::string> ids, std::size_t width,
                               const std::function<void(std::size_t)>& on_done,
                               const Deadline& deadline, std::stop_token stop);
  /// SIGTERM (or the container's stop signal), then SIGKILL after `grace`. Already stopped or gone
  /// is success.
  BatchResult stop_containers(std::span<const std::string> ids, std::chrono::seconds grace,
                              std::size_t width, const Deadline& deadline, std::stop_token stop);
  /// Removes with anonymous volumes; `force` kills first. Gone already, or being removed by
  /// somebody else, is success.
  BatchResult remove_containers(std::span<const std::string> ids, bool force, std::size_t width,
                                const Deadline& deadline, std::stop_token stop);
  /// Paused already is success.
  BatchResult pause_containers(std::span<const std::string> ids, const Deadline& deadline,
                               std::stop_token stop);
  /// Not paused is success, gone is not.
  BatchResult unpause_containers(std::span<const std::string> ids, const Deadline& deadline,
                                 std::stop_token stop);
  /// Works on paused containers too. Not running any more, or gone, is success.
  BatchResult kill_containers(std::span<const std::string> ids, std::string_view signal,
                              const Deadline& deadline, std::stop_token stop);
  /// All processes of each container, in the order of `ids`; nothing for one that does not run (nor
  /// is paused), or is gone.
  std::vector<std::optional<std::vector<Process>>> list_processes(std::span<const std::string> ids,
                                                                  std::size_t width,
                                                                  const Deadline& deadline,
                                                                  std::stop_token stop);
  /// Waits until the container does not run; returns its exit code.
  int wait_container(std::string_view id, const Deadline& deadline, std::stop_token stop);
  /// Last `tail` lines (0 = all), oldest first, with times. With a terminal everything is stdout.
  std::vector<LogLine> list_logs(std::string_view id, int tail, const Deadline& deadline,
                                 std::stop_token stop);

  /// Takes a log piece by piece. `on_pause` follows the last of each batch that came at once: what
  /// waits may be shown then.
  struct LogSink {
    std::function<void(const LogPiece&)> on_piece;
    std::function<void()> on_pause = {};
  };

  /// The log of a container, running or not, as it comes; entries of both streams in the order in
  /// which they were written. @throws also not_found; failed when its logging driver keeps nothing.
  void read_log(std::string_view id, const LogRange& range, const LogSink& sink,
                const Deadline& deadline, std::stop_token stop);
  /// What each of the running containers uses now, `width` at a time; nothing for one that is gone
  /// or does not answer. One request each; some engines take a second for it.
  std::vector<std::optional<ContainerUsage>> list_usage(std::span<const std::string> ids,
                                                        std::size_t width, const Deadline& deadline,
                                                        std::stop_token stop);
  /// Asks the registry whether it has an image, without pulling it. @throws Error as pull_image.
  void check_pullable(std::string_view reference, const Deadline& deadline, std::stop_token stop);
  /// Runs `command` (an argument vector) in a running container and waits for it. Keeps the first
  /// 16 MiB of each output. The command goes on when the deadline or the stop comes first: the
  /// engine cannot kill it.
  ExecResult exec(std::string_view id, std::span<const std::string> command,
                  const Deadline& deadline, std::stop_token stop);

  // Files in a container, running or not. Source: /containers/{id}/archive.
  /// Unpacks `files` into `folder`, which exists and is no symbolic link. Owners and modes are
  /// kept; an entry
  /// "./" gives those of `folder` itself (unpacked through its parent, which must be writable: not
  /// under a read-only root). Works on containers that were never started, and into their volumes.
  /// @throws also not_found for the container and for the folder.
  void put_archive(std::string_view id, std::string_view folder, std::span<const ArchiveFile> files,
                   const Deadline& deadline, std::stop_token stop);
  /// Regular files at or below `path` whose size is at most `limit` bytes; nothing when `path` is
  /// not there. Their names start with the last component of `path`. @throws also not_found when
  /// the container is gone.
  std::optional<std::vector<ArchiveFile>> find_archive(std::string_view id, std::string_view path,
                                                       std::size_t limit, const Deadline& deadline,
                                                       std::stop_token stop);
  /// Nothing when the path or the container is not there.
  std::optional<PathStat> find_path(std::string_view id, std::string_view path,
                                    const Deadline& deadline, std::stop_token stop);

  // Networks and volumes
  std::vector<Network> list_networks(std::span<const std::string> labels, const Deadline& deadline,
                                     std::stop_token stop);
  /// The containers, networks and volumes that have these labels, asked for side by side.
  Labelled list_labelled(std::span<const std::string> labels, const Deadline& deadline,
                         std::stop_token stop);
  std::optional<Network> find_network(std::string_view id_or_name, const Deadline& deadline,
                                      std::stop_token stop);
  /// @throws also conflict when the name is taken, failed when the address pools are exhausted.
  std::string create_network(std::string_view name, const Labels& labels, const Deadline& deadline,
                             std::stop_token stop);
  bool remove_network(std::string_view id, const Deadline& deadline, std::stop_token stop);
  std::vector<Volume> list_volumes(std::span<const std::string> labels, const Deadline& deadline,
                                   std::stop_token stop);
  std::optional<Volume> find_volume(std::string_view name, const Deadline& deadline,
                                    std::stop_token stop);
  void create_volume(std::string_view name, const Labels& labels, const Deadline& deadline,
                     std::stop_token stop);
  bool remove_volume(std::string_view name, const Deadline& deadline, std::stop_token stop);

  /// Events matching `labels` from now on, until `sink` returns false or the deadline: type,
  /// action, actor id.
  /// @throws also unreachable when the engine ends the stream.
  struct EngineEvent {
    std::string type;
    std::string action;
    std::string id;
    Labels attributes;
  };

  void watch_events(std::span<const std::string> labels,
                    const std::function<bool(const EngineEvent&)>& sink, const Deadline& deadline,
                    std::stop_token stop);
  /// The same, from `since` ("<seconds>.<nanoseconds>" since the epoch) on.
  void watch_events_since(std::string_view since, std::span<const std::string> labels,
                          const std::function<bool(const EngineEvent&)>& sink,
                          const Deadline& deadline, std::stop_token stop);

 private:
  // What the methods for one call at a time share: `what` completes "cannot …".
  http::Response call(std::string_view what, http::Request request, const Deadline& deadline,
                      std::stop_token stop);
  // The same, but 404 is nothing.
  std::optional<http::Response> find(std::string_view what, http::Request request,
                                     const Deadline& deadline, std::stop_token stop);
  // The same, but the body of a success goes to `sink`.
  void stream(std::string_view what, http::Request request, const http::BodySink& sink,
              const Deadline& deadline, std::stop_token stop);
  // Deletes; tells whether there was something.
  bool remove(std::string_view what, std::string target, const Deadline& deadline,
              std::stop_token stop);
  // Sends a request whose answer is a stream of JSON lines; an `error` in it is one.
  void follow(std::string_view what, http::Request request, const ProgressSink& progress,
              const Deadline& deadline, std::stop_token stop);

  using IsFine = std::function<bool(const http::Response&)>;

  // A batch of like requests: how each is made, and which answers beyond 2xx and 304 are fine too.
  struct Batch {
    std::string_view verb;
    std::size_t width = 8;
    std::function<http::Request(const std::string& id)> request;
    IsFine is_fine = {};
    std::function<void(std::size_t)> on_done = {};
  };

  BatchResult run_batch(std::span<const std::string> ids, const Batch& batch,
                        const Deadline& deadline, std::stop_token stop);

  // The same question about each of many: `what` completes "cannot …" with the name, and `is_none`
  // says which answers beyond 2xx mean that there is nothing.
  struct Question {
    std::string_view what;
    std::size_t width;
    std::function<http::Request(const std::string& name)> request;
    IsFine is_none;
  };

  std::vector<std::optional<http::Response>> ask_each(std::span<const std::string> names,
                                                      const Question& question,
                                                      const Deadline& deadline,
                                                      std::stop_token stop);
  std::vector<http::Outcome> send_all(std::vector<http::Request> requests, std::size_t width,
                                      const std::function<void(std::size_t)>& on_done,
                                      const Deadline& deadline, std::stop_token stop);

  http::Outcome exchange(http::Request request, const http::BodySink* sink,
                         const Deadline& deadline, std::stop_token stop);
  // The response when it is a success, or one that `is_fine`; else throws what it means.
  http::Response checked(std::string_view what, http::Outcome outcome,
                         const IsFine& is_fine = {}) const;
  std::string versioned(std::string_view target, const Deadline& deadline, std::stop_token stop);

  std::unique_ptr<http::Transport> transport_;
  std::optional<ApiVersion> api_;
};

}  // namespace pecanctl::docker
