// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/worker/health.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace pecanctl::worker {
namespace fs = std::filesystem;

namespace {

// Inodes of the connected TCP sockets of this network namespace. Source: Linux,
// Documentation/networking/proc_net_tcp.
std::set<std::string> list_connected_sockets()
{
  constexpr const char* k_established = "01";
  std::set<std::string> inodes;
  for (const auto* const table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file{table};
    std::string line;
    std::getline(file, line);  // headings
    while (std::getline(file, line)) {
      std::istringstream fields{line};
      std::vector<std::string> columns{std::istream_iterator<std::string>{fields}, {}};
      columns.resize(std::max<std::size_t>(columns.size(), 10));  // a short line has no such field
      const auto& state = columns[3];
      const auto& inode = columns[9];
      if (state == k_established) {
        inodes.insert("socket:[" + inode + "]");
      }
    }
  }
  return inodes;
}

bool holds_one_of(const fs::path& process, const std::set<std::string>& sockets)
{
  std::error_code denied;  // not our user's process: not our worker
  const fs::directory_iterator descriptors{process / "fd", denied};
  return std::any_of(begin(descriptors), end(descriptors), [&](const auto& descriptor) {
    std::error_code gone;
    return sockets.contains(fs::read_symlink(descriptor.path(), gone).string());
  });
}

}  // namespace

bool is_worker_connected()
{
  const auto sockets = list_connected_sockets();
  std::error_code ignored;
  const auto program = fs::read_symlink("/proc/self/exe", ignored);
  for (const auto& entry : fs::directory_iterator{"/proc", ignored}) {
    const auto name = entry.path().filename().string();
    const bool is_process = name.find_first_not_of("0123456789") == std::string::npos;
    if (is_process && name != std::to_string(::getpid()) &&
        fs::read_symlink(entry.path() / "exe", ignored) == program &&
        holds_one_of(entry.path(), sockets)) {
      return true;
    }
  }
  return false;
}

}  // namespace pecanctl::worker
