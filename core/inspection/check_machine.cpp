// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <arpa/inet.h>
#include <grp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "core/inspection/checks.hpp"
#include "core/inspection/log_time.hpp"

namespace pecanctl::inspection::checks {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

std::string describe_socket(const std::string& path)
{
  struct stat status {};

  if (::stat(path.c_str(), &status) != 0) {
    return path;
  }
  const auto* const group = ::getgrgid(status.st_gid);
  return fmt::format("{} (group {}, mode {:04o})", path,
                     group == nullptr ? std::to_string(status.st_gid) : group->gr_name,
                     status.st_mode & 07777U);
}

std::optional<Space> measure(const std::string& what, fs::path path)
{
  std::error_code ignored;
  while (!path.empty() && path != "/" && !fs::exists(path, ignored)) {
    path = path.parent_path();  // it is made there
  }

  struct statvfs info {};

  if (::statvfs(path.c_str(), &info) != 0) {
    return std::nullopt;
  }
  return Space{.what = what,
               .free = info.f_bavail * info.f_frsize,
               .total = info.f_blocks * info.f_frsize,
               .free_files = info.f_favail,
               .total_files = info.f_files};
}

milliseconds ahead_of(std::chrono::system_clock::time_point theirs,
                      std::chrono::system_clock::time_point before,
                      std::chrono::system_clock::time_point after)
{
  return std::chrono::duration_cast<milliseconds>(theirs - (before + (after - before) / 2));
}

template <typename Ask>
void add_offset(std::vector<Offset>& offsets, const std::string& whose, Ask ask)
{
  using std::chrono::system_clock;
  try {
    const auto before = system_clock::now();
    const std::optional<system_clock::time_point> theirs = ask();
    if (theirs) {
      offsets.push_back({.whose = whose, .ahead = ahead_of(*theirs, before, system_clock::now())});
    }
  } catch (const Error&) {
    return;  // a check of its own tells that it does not answer
  }
}

std::chrono::system_clock::time_point from_nanoseconds(std::int64_t value)
{
  return std::chrono::system_clock::time_point{
      std::chrono::duration_cast<std::chrono::system_clock::duration>(
          std::chrono::nanoseconds{value})};
}

std::optional<std::chrono::system_clock::time_point> database_time(const Subject& subject,
                                                                   const Deadline& deadline,
                                                                   const std::stop_token& stop)
{
  const auto database = subject.database(deadline, stop);
  const auto transaction = database->begin(deadline, stop);
  const auto rows =
      transaction->query("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", {});
  return from_nanoseconds(std::stoll(rows.at(0).at(0).value_or("0")) * 1000);
}

bool can_bind(const std::string& address, int port)
{
  const Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int reuse = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address.c_str(), &place.sin_addr);
  return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0 ||
         errno != EADDRINUSE;
}

// Who has a port: "container x", or empty when it is ours.
std::string find_port_owner(const Subject& subject, int port, const Deadline& deadline,
                            const std::stop_token& stop)
{
  try {
    for (const auto& container : subject.docker()->list_containers({}, deadline, stop)) {
      const bool has_port = std::ranges::any_of(
          container.ports, [&](const auto& each) { return each.host_port == port; });
      if (has_port) {
        const auto owner = container.labels.find("org.pecanproject.pecanctl.owner");
        const bool is_ours = subject.identity && owner != container.labels.end() &&
                             owner->second == subject.identity->owner;
        return is_ours ? std::string{} : "container " + container.name;
      }
    }
  } catch (const Error&) {
    return "somebody; Docker cannot be asked who";
  }
  return "a process of this machine";
}

}  // namespace

Finding combine(const std::vector<Finding>& findings, const std::string& when_good)
{
  Finding worst{.text = when_good};
  for (const auto verdict : {Verdict::warning, Verdict::bad}) {
    std::vector<std::string> texts;
    std::vector<std::string> fixes;
    for (const auto& finding : findings) {
      if (finding.verdict == verdict) {
        texts.push_back(finding.text);
        if (std::ranges::find(fixes, finding.fix) == fixes.end()) {
          fixes.push_back(finding.fix);
        }
      }
    }
    if (!texts.empty()) {
      worst = {.verdict = verdict,
               .text = fmt::format("{}", fmt::join(texts, "; ")),
               .fix = fmt::format("{}", fmt::join(fixes, "; "))};
    }
  }
  return worst;
}

Finding socket(const Subject& subject, const Deadline& deadline, const std::stop_token& stop)
{
  try {
    subject.docker()->get_info(deadline, stop);
  } catch (const Error& error) {
    auto fix = error.info().hint;
    if (error.code() == ErrorCode::denied) {
      fix =
          "join the socket's group (sudo usermod -aG docker $USER, then log in again), or use sudo";
    }
    return {.verdict = Verdict::bad,
            .text = fmt::format("{}: {}", describe_socket(subject.docker_socket), error.what()),
            .fix = fix.empty() ? "start Docker, or set DOCKER_HOST=unix:///path" : fix};
  }
  return {.text = describe_socket(subject.docker_socket)};
}

Finding api(const Subject& subject, const Deadline& deadline, const std::stop_token& stop)
{
  const auto info = subject.docker()->get_info(deadline, stop);
  return {.text = fmt::format("Docker {}, API {}.{}, {}", info.engine_version, info.api.major,
                              info.api.minor, info.operating_system)};
}

Finding judge_space(const std::vector<Space>& spaces)
{
  constexpr std::uint64_t k_gib = std::uint64_t{1} << 30U;
  std::vector<Finding> findings;
  std::vector<std::string> texts;
  for (const auto& space : spaces) {
    const auto percent = space.total == 0 ? 100 : space.free * 100 / space.total;
    const bool lacks_files =
        space.total_files != 0 && space.free_files * 100 / space.total_files < 2;
    const auto text = fmt::format("{}: {} free of {}", space.what, format_size(space.free),
                                  format_size(space.total));
    texts.push_back(text);
    if (lacks_files) {
      findings.push_back({.verdict = Verdict::bad,
                          .text = fmt::format("{}: no room for more files (inodes)", space.what),
                          .fix = "remove files there that nobody needs"});
    } else if (space.free < k_gib || percent < 2) {
      findings.push_back({.verdict = Verdict::bad,
                          .text = text,
                          .fix = "make room there: a full disk stops the database and the broker"});
    } else if (space.free < 5 * k_gib && percent < 10) {
      findings.push_back(
          {.verdict = Verdict::warning, .text = text, .fix = "make room there soon"});
    }
  }
  return combine(findings, fmt::format("{}", fmt::join(texts, "; ")));
}

Finding disk(const Subject& subject, const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<Space> spaces;
  const auto add = [&](const std::string& what, const fs::path& path) {
    if (auto space = measure(fmt::format("{} ({})", what, path.string()), path)) {
      spaces.push_back(std::move(*space));
    }
  };
  try {
    add("Docker's data", subject.docker()->get_info(deadline, stop).root_dir);
  } catch (const Error&) {
    add("this machine", "/");
  }
  if (!subject.data_folder.empty()) {
    add("/data", subject.data_folder);
  }
  return judge_space(spaces);
}

Finding judge_clocks(const std::vector<Offset>& offsets)
{
  std::vector<Finding> findings;
  std::vector<std::string> whose;
  for (const auto& offset : offsets) {
    whose.push_back(offset.whose);
    const auto distance = milliseconds{std::abs(offset.ahead.count())};
    const auto text =
        fmt::format("the clock of {} is {} {}", offset.whose, format_duration(distance),
                    offset.ahead.count() > 0 ? "ahead" : "behind");
    if (distance > 30s) {
      findings.push_back(
          {.verdict = Verdict::bad, .text = text, .fix = "set the clocks: run chrony or ntpd"});
    } else if (distance > 3s) {
      findings.push_back(
          {.verdict = Verdict::warning, .text = text, .fix = "set the clocks: run chrony or ntpd"});
    }
  }
  return combine(findings, fmt::format("this machine agrees with {}", fmt::join(whose, ", ")));
}

Finding clock(const Subject& subject, const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<Offset> offsets;
  const auto step = deadline.sooner(1500ms);
  add_offset(offsets, "Docker", [&] {
    const auto time = parse_nanoseconds(subject.docker()->get_info(step, stop).system_time);
    return time ? std::optional{from_nanoseconds(*time)} : std::nullopt;
  });
  if (subject.identity) {
    add_offset(offsets, "the database", [&] { return database_time(subject, step, stop); });
  }
  add_offset(offsets, "Consul", [&]() -> std::optional<std::chrono::system_clock::time_point> {
    const auto answer =
        subject.head(subject.consul_url(step, stop) + "/v1/status/leader", step, stop);
    const auto date = parse_http_date(answer.date);
    // It has whole seconds: half a second is as likely as none.
    return date ? std::optional{*date + 500ms} : std::nullopt;
  });
  return judge_clocks(offsets);
}

Finding pools(const Subject& subject, const Deadline& deadline, const std::stop_token& stop)
{
  const auto engine = subject.docker();
  auto taken = list_routes();
  bool has_network = false;
  for (const auto& network : engine->list_networks({}, deadline, stop)) {
    taken.insert(taken.end(), network.subnets.begin(), network.subnets.end());
    const auto owner = network.labels.find("org.pecanproject.pecanctl.owner");
    has_network = has_network || (subject.identity && owner != network.labels.end() &&
                                  owner->second == subject.identity->owner);
  }
  const auto count = count_pools(engine->get_info(deadline, stop).address_pools, taken);
  const auto text = fmt::format("{} of {} networks can still be made", count.free, count.total);
  constexpr int k_few = 3;
  if (count.free > k_few) {
    return {.text = text};
  }
  return {.verdict = count.free == 0 && !has_network ? Verdict::bad : Verdict::warning,
          .text = text,
          .fix =
              "remove networks that nobody uses (docker network ls), or give Docker more: "
              "default-address-pools in /etc/docker/daemon.json"};
}

Finding port(const Subject& subject, const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<Finding> findings;
  int fixed = 0;
  for (const auto& service : subject.stack->services) {
    for (const auto& each : service.ports) {
      if (each.host_port == 0) {
        continue;
      }
      ++fixed;
      if (can_bind(each.host_ip, each.host_port)) {
        continue;
      }
      if (const auto owner = find_port_owner(subject, each.host_port, deadline, stop);
          !owner.empty()) {
        findings.push_back(
            {.verdict = Verdict::bad,
             .text =
                 fmt::format("port {} of {} is taken by {}", each.host_port, service.name, owner),
             .fix = fmt::format("stop it, or choose another services.{}.port in pecan.yml",
                                service.name)});
      }
    }
  }
  return combine(findings, fixed == 0 ? "pecan.yml asks for none: Docker chooses free ones"
                                      : fmt::format("{} free or ours", fixed));
}

}  // namespace pecanctl::inspection::checks
