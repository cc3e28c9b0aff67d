// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/rollback.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/fd.hpp"
#include "core/deployment/index.hpp"

namespace pecanctl::cli {
namespace {

using deployment::PastRevision;

constexpr unsigned k_mode = 0644;

int running_revision(Context& context)
{
  int latest = 0;
  for (const auto& replica :
       context.backend()
           .observe_containers(context.identity(), context.look_deadline(), context.stop())
           .replicas) {
    latest = std::max(latest, replica.revision);
  }
  return latest;
}

std::vector<PastRevision> list_history(Context& context)
{
  const auto connect = context.find_consul();
  if (!connect) {
    throw Error{{.code = ErrorCode::unreachable,
                 .what = "cannot read the history of this instance",
                 .why = "this machine's Consul container does not run",
                 .hint = "start it: pecanctl deploy"}};
  }
  return deployment::Index{*connect, context.instance_name()}.list_history(context.look_deadline(),
                                                                           context.stop());
}

std::string describe_history(const std::vector<PastRevision>& history)
{
  std::string text;
  for (const auto& past : history) {
    text += fmt::format("{}{} (PEcAn {}, {} by {})", text.empty() ? "" : ", ", past.revision,
                        past.release, past.at, past.by);
  }
  return text.empty() ? "it has none" : "it has " + text;
}

}  // namespace

void use_past_revision(Context& context, int revision)
{
  const auto history = list_history(context);
  const auto before = running_revision(context);
  const auto fits = [&](const PastRevision& past) {
    return revision > 0 ? past.revision == revision : past.revision < before;
  };
  const auto found = std::find_if(history.rbegin(), history.rend(), fits);
  if (found == history.rend()) {
    throw Error{{.code = ErrorCode::not_found,
                 .what = revision > 0 ? fmt::format("history has no revision {}", revision)
                                      : fmt::format("history has no revision before {}", before),
                 .why = describe_history(history),
                 .hint = "name one of these with --revision, or edit pecan.yml"}};
  }
  note(context.reporter(), fmt::format("back to revision {} (PEcAn {}, deployed {} by {})",
                                       found->revision, found->release, found->at, found->by));
  const auto name = context.instance_name();
  context.use_text(found->text);
  if (context.instance_name() != name) {
    throw Error{{.code = ErrorCode::invalid,
                 .what = fmt::format("cannot go back to revision {}", found->revision),
                 .why = fmt::format("its pecan.yml is called {}", context.instance_name()),
                 .hint = "edit pecan.yml"}};
  }
}

void write_past_revision(Context& context)
{
  const auto& [path, text] = context.source();
  const auto present = find_file(path);
  if (!present || *present == text) {
    return;
  }
  const Step step{context.reporter(), {.id = path.filename().string(), .action = "write"}};
  write_file_atomically(path.string() + ".replaced", *present, k_mode);
  failpoint("rollback.kept");
  write_file_atomically(path, text, k_mode);
}

}  // namespace pecanctl::cli
