// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/lock.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::deployment {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::chrono::milliseconds k_lock_poll{100};

fs::path lock_path(const fs::path& folder, std::string_view name)
{
  return folder / fmt::format("pecanctl-{}.lock", name);
}

std::string describe_holder(const fs::path& path)
{
  const auto text = find_file(path, 4096).value_or("");
  const auto holder = json::parse(text, nullptr, false);
  if (!holder.is_object()) {
    return "another pecanctl holds it";
  }
  const auto field = [&](const char* key) {
    const auto found = holder.find(key);
    return found == holder.end() ? std::string{"?"}
           : found->is_string()  ? found->get<std::string>()
                                 : found->dump();
  };
  return escape_control(fmt::format("held by `pecanctl {}` of {} on {} (pid {}) since {}",
                                    field("command"), field("user"), field("host"), field("pid"),
                                    field("since")));
}

// Everybody may open it, whoever made it. Not with O_CREAT where it exists: in a sticky folder the
// kernel then refuses the files of others, even to root (fs.protected_regular).
Fd open_lock(const fs::path& path)
{
  constexpr int k_flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  for (int attempt = 0; attempt < 2; ++attempt) {
    Fd file{::open(path.c_str(), k_flags)};
    if (file || errno != ENOENT) {
      return file;
    }
    const auto mask = ::umask(0);
    file = Fd{::open(path.c_str(), k_flags | O_CREAT | O_EXCL, 0666)};
    const int error = errno;
    ::umask(mask);
    errno = error;
    if (file || errno != EEXIST) {
      return file;
    }
  }
  return Fd{};
}

// In a folder where everybody may write, it may be anything: a pipe, another name of a file that we
// must not truncate.
void check_lock(const Fd& file, const fs::path& path)
{
  struct stat status {};

  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink != 1) {
    throw Error{{.code = ErrorCode::failed,
                 .what = fmt::format("cannot use the lock {}", path.string()),
                 .why = "it is no plain file of its own",
                 .hint = fmt::format("remove it: rm {}", path.string())}};
  }
}

// Takes one file after the other, and waits for each.
class Taker {
 public:
  Taker(const LockRequest& request, Reporter& reporter, const std::stop_token& stop)
      : request_{request},
        reporter_{reporter},
        stop_{stop},
        deadline_{Deadline::in(request.wait)}
  {
  }

  Fd take(const fs::path& path)
  {
    auto file = open_lock(path);
    if (!file) {
      throw system_error(fmt::format("cannot open the lock {}", path.string()), errno,
                         "remove that file when no pecanctl runs");
    }
    check_lock(file, path);
    const int kind = request_.mode == LockMode::shared ? LOCK_SH : LOCK_EX;
    while (::flock(file.get(), kind | LOCK_NB) != 0) {
      if (deadline_.is_over()) {
        throw Error{{.code = ErrorCode::conflict,
                     .what = fmt::format("instance {} is locked", request_.name),
                     .why = describe_holder(path),
                     .hint = "wait for it, or let this command wait: --lock-wait 10m"}};
      }
      tell(path);
      pause_for(k_lock_poll, deadline_, stop_);
    }
    return file;
  }

 private:
  // Once as a note; as a step it has a heartbeat.
  void tell(const fs::path& path)
  {
    const auto holder = describe_holder(path);
    if (!step_) {
      note(reporter_, fmt::format("waiting for the lock of {}: {}", request_.name, holder));
      step_.emplace(reporter_, StepStarted{.id = fmt::format("lock of {}", request_.name),
                                           .group = "lock",
                                           .action = "wait"});
    }
    if (std::exchange(shown_, holder) != holder) {
      step_->progress(holder);
    }
  }

  const LockRequest& request_;
  Reporter& reporter_;
  const std::stop_token& stop_;
  Deadline deadline_;
  std::optional<Step> step_;
  std::string shown_;
};

void write_holder(int file, const Holder& holder, const fs::path& path)
{
  const json content{{"host", holder.host},
                     {"pid", holder.pid},
                     {"user", holder.user},
                     {"command", holder.command},
                     {"since", holder.since}};
  if (::ftruncate(file, 0) != 0 || ::lseek(file, 0, SEEK_SET) != 0) {
    throw system_error(fmt::format("cannot write the lock {}", path.string()), errno);
  }
  write_all(file, content.dump(-1, ' ', false, json::error_handler_t::replace) + "\n",
            path.string());
}

}  // namespace

InstanceLock::InstanceLock(const LockRequest& request, const Holder& holder, Reporter& reporter,
                           const std::stop_token& stop)
{
  Taker taker{request, reporter, stop};
  for (const auto& folder : request.folders) {
    const auto path = lock_path(folder, request.name);
    files_.push_back(taker.take(path));
    if (request.mode == LockMode::exclusive) {
      write_holder(files_.back().get(), holder, path);
    }
  }
}

std::optional<std::string> find_lock_holder(std::span<const fs::path> folders,
                                            const std::string& name)
{
  const auto locks = split(find_file("/proc/locks").value_or(""), '\n');
  for (const auto& folder : folders) {
    const auto path = lock_path(folder, name);

    struct stat status {};

    if (::stat(path.c_str(), &status) != 0) {
      continue;
    }
    const auto wanted = fmt::format(":{} ", status.st_ino);
    for (const auto& line : locks) {
      if (line.find(" FLOCK ") != std::string::npos && line.find(wanted) != std::string::npos) {
        return describe_holder(path);
      }
    }
  }
  return std::nullopt;
}

std::vector<fs::path> lock_folders()
{
  const fs::path ours{"/run/pecanctl"};
  if (::geteuid() == 0 && ::mkdir(ours.c_str(), 0770) == 0) {
    if (const auto* docker = ::getgrnam("docker"); docker != nullptr) {
      // Others of the group docker are as able as root here; without the group, root alone uses it.
      if (::chown(ours.c_str(), 0, docker->gr_gid) != 0 || ::chmod(ours.c_str(), 02770) != 0) {
        throw system_error("cannot prepare /run/pecanctl", errno);
      }
    }
  }
  std::vector<fs::path> folders;
  for (const auto& folder : {ours, fs::path{"/run/lock"}}) {
    if (::access(folder.c_str(), W_OK | X_OK) == 0) {
      folders.push_back(folder);
    }
  }
  if (folders.empty()) {
    throw Error{{.code = ErrorCode::failed,
                 .what = "there is no place for a lock",
                 .why = "neither /run/pecanctl nor /run/lock can be written to",
                 .hint = "make one as root: install -d -m 1777 /run/lock"}};
  }
  return folders;
}

}  // namespace pecanctl::deployment
