// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/lock.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::deployment {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::chrono::milliseconds k_lock_poll{100};

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

}  // namespace

InstanceLock::InstanceLock(const fs::path& folder, const std::string& name, const Holder& holder,
                           std::chrono::milliseconds wait, Reporter& reporter,
                           const std::stop_token& stop)
{
  const auto path = folder / fmt::format("pecanctl-{}.lock", name);
  const auto mask = ::umask(0);
  file_ = Fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666)};
  const int error = errno;
  ::umask(mask);
  if (!file_) {
    throw system_error(fmt::format("cannot open the lock {}", path.string()), error);
  }
  const auto deadline = Deadline::in(wait);
  bool has_said_so = false;
  while (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (deadline.is_over()) {
      throw Error{{.code = ErrorCode::conflict,
                   .what = fmt::format("instance {} is locked", name),
                   .why = describe_holder(path),
                   .hint = "wait for it, or let this command wait: --lock-wait 10m"}};
    }
    if (!has_said_so) {
      note(reporter, fmt::format("waiting for the lock of {}: {}", name, describe_holder(path)));
      has_said_so = true;
    }
    pause_for(k_lock_poll, deadline, stop);
  }
  const json content{{"host", holder.host},
                     {"pid", holder.pid},
                     {"user", holder.user},
                     {"command", holder.command},
                     {"since", holder.since}};
  if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) != 0) {
    throw system_error(fmt::format("cannot write the lock {}", path.string()), errno);
  }
  write_all(file_.get(), content.dump(-1, ' ', false, json::error_handler_t::replace) + "\n",
            path.string());
}

std::optional<std::string> find_lock_holder(const fs::path& folder, const std::string& name)
{
  const auto path = folder / fmt::format("pecanctl-{}.lock", name);

  struct stat status {};

  if (::stat(path.c_str(), &status) != 0) {
    return std::nullopt;
  }
  const auto wanted = fmt::format(":{} ", status.st_ino);
  for (const auto& line : split(find_file("/proc/locks").value_or(""), '\n')) {
    if (line.find(" FLOCK ") != std::string::npos && line.find(wanted) != std::string::npos) {
      return describe_holder(path);
    }
  }
  return std::nullopt;
}

fs::path lock_folder()
{
  const fs::path folder{"/run/pecanctl"};
  if (::geteuid() == 0 && ::mkdir(folder.c_str(), 0770) == 0) {
    if (const auto* docker = ::getgrnam("docker"); docker != nullptr) {
      // Others of the group docker are as able as root here; without the group, root alone uses it.
      if (::chown(folder.c_str(), 0, docker->gr_gid) != 0 || ::chmod(folder.c_str(), 02770) != 0) {
        throw system_error("cannot prepare /run/pecanctl", errno);
      }
    }
  }
  return ::access(folder.c_str(), W_OK | X_OK) == 0 ? folder : fs::path{"/run/lock"};
}

}  // namespace pecanctl::deployment
