// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <set>

#include <sys/stat.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/text.hpp"
#include "core/inspection/checks.hpp"

namespace pecanctl::inspection::checks {
namespace {

namespace fs = std::filesystem;

// As docker and GOARCH call a machine of the engine's kind.
std::string image_architecture(const std::string& engine)
{
  return engine == "x86_64" ? "amd64" : engine == "aarch64" ? "arm64" : engine;
}

std::string first_line(const Error& error)
{
  if (!error.info().diagnostics.empty()) {
    const auto& mistake = error.info().diagnostics.front();
    const auto more = error.info().diagnostics.size() - 1;
    const auto place = mistake.line == 0
                           ? mistake.file
                           : fmt::format("{}:{}:{}", mistake.file, mistake.line, mistake.column);
    return fmt::format("{}: {}{}", place, mistake.message,
                       more == 0 ? "" : fmt::format(" (and {} more)", more));
  }
  return error.what();
}

std::string fix_of(const Error& error, const std::string& otherwise)
{
  const auto& info = error.info();
  if (!info.diagnostics.empty() && !info.diagnostics.front().hint.empty()) {
    return info.diagnostics.front().hint;
  }
  return info.hint.empty() ? otherwise : info.hint;
}

// What is known of the images so far.
struct ImageTally {
  int present = 0;
  int to_build = 0;
  std::vector<Finding> findings = {};
};

void look_at_image(docker::Engine& engine, const stack::Stack& stack, const stack::Service& service,
                   const std::string& architecture, const Deadline& deadline,
                   const std::stop_token& stop, ImageTally& tally)
{
  const auto& source = service.image;
  for (const auto& reference : {source.reference, source.own_reference}) {
    const auto image =
        reference.empty() ? std::nullopt : engine.find_image(reference, deadline, stop);
    if (image) {
      ++tally.present;
      if (!image->architecture.empty() && image->architecture != architecture) {
        tally.findings.push_back(
            {.verdict = Verdict::bad,
             .text = fmt::format("{} is for {}, this machine is {}", reference, image->architecture,
                                 architecture),
             .fix = fmt::format("remove it (docker rmi {}) and deploy again", reference)});
      }
      return;
    }
  }
  const bool can_build = stack.images != stack::ImagePolicy::pull && !source.context.empty();
  if (can_build) {
    ++tally.to_build;
    return;
  }
  try {
    if (stack.images == stack::ImagePolicy::build) {
      throw Error{{.code = ErrorCode::not_found,
                   .what = fmt::format("cannot build {}", source.reference),
                   .why = "pecan.yml says `images: build`, and there is nothing to build it from"}};
    }
    engine.check_pullable(source.reference, deadline.sooner(std::chrono::milliseconds{3500}), stop);
  } catch (const Error& error) {
    tally.findings.push_back(
        {.verdict = Verdict::bad,
         .text = fmt::format("{} of {} is not here: {}", source.reference, service.name,
                             error.info().why.empty() ? error.what() : error.info().why),
         .fix = "check the name in pecan.yml and the network, or load it: docker load -i FILE"});
  }
}

}  // namespace

Finding images(const Subject& subject, const Deadline& deadline, const std::stop_token& stop)
{
  const auto engine = subject.docker();
  ImageTally tally;
  std::string architecture;
  try {
    architecture = image_architecture(engine->get_info(deadline, stop).architecture);
  } catch (const Error& error) {
    return {.verdict = Verdict::skipped, .text = error.what()};
  }
  std::set<std::string> seen;
  for (const auto& service : subject.stack->services) {
    if (service.replicas > 0 && seen.insert(service.image.reference).second) {
      look_at_image(*engine, *subject.stack, service, architecture, deadline, stop, tally);
    }
  }
  auto text = fmt::format("{} present", tally.present);
  if (tally.to_build > 0) {
    text += fmt::format(", {} to be pulled or built by deploy", tally.to_build);
  }
  return combine(tally.findings, text);
}

Finding file(const Subject& subject, const Deadline& /*deadline*/, const std::stop_token& /*stop*/)
{
  if (subject.file.empty()) {
    return {.verdict = Verdict::skipped, .text = "there is no pecan.yml here: pecanctl init"};
  }
  if (subject.file_error) {
    return {.verdict = Verdict::bad,
            .text = first_line(*subject.file_error),
            .fix = fix_of(*subject.file_error, "pecanctl validate shows each mistake")};
  }
  return {.text = subject.file};
}

Finding secrets(const Subject& subject, const Deadline& /*deadline*/,
                const std::stop_token& /*stop*/)
{
  if (subject.secrets_error) {
    return {
        .verdict = Verdict::bad,
        .text = first_line(*subject.secrets_error),
        .fix = fix_of(*subject.secrets_error, "pecanctl init writes the ones that are missing")};
  }

  struct stat status {};

  if (::stat(subject.secrets_folder.c_str(), &status) == 0 && (status.st_mode & 0022U) != 0) {
    return {.verdict = Verdict::bad,
            .text = fmt::format("others may put files into {} (mode {:04o})",
                                subject.secrets_folder.string(), status.st_mode & 07777U),
            .fix = fmt::format("chmod 700 {}", subject.secrets_folder.string())};
  }
  return {.text = "all there, and readable by their owner only"};
}

Finding peers(const Subject& subject, const Deadline& deadline, const std::stop_token& stop)
{
  if (!subject.peers) {
    return {.verdict = Verdict::skipped, .text = "not configured: pecan.yml names no sync.peers"};
  }
  std::vector<Finding> findings;
  const auto peers = subject.peers(deadline, stop);
  for (const auto& peer : peers) {
    try {
      const auto status = peer.ask(deadline.sooner(std::chrono::milliseconds{1500}), stop);
      if (status / 100 != 2) {
        findings.push_back(
            {.verdict = Verdict::bad,
             .text = fmt::format("site {}: {} answered {}", peer.site, peer.url, status),
             .fix = "ask that site's contact for the URL of its dump"});
      }
    } catch (const Error& error) {
      findings.push_back({.verdict = Verdict::bad,
                          .text = fmt::format("site {}: {}", peer.site, error.what()),
                          .fix = "check the network, or leave that site out of sync.peers"});
    }
  }
  return combine(findings, fmt::format("{} answer", peers.size()));
}

}  // namespace pecanctl::inspection::checks
