// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/update.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/context.hpp"
#include "core/base/fd.hpp"
#include "core/project/edit.hpp"

namespace pecanctl::cli {
namespace {

constexpr std::chrono::minutes k_registry_patience{1};

}  // namespace

deployment::Update look_for_update(Context& context)
{
  const auto deadline = context.deadline(k_registry_patience).sooner(k_registry_patience);
  const auto registry = make_registry();
  return deployment::find_update(context.stack(), [&](const std::string& repository) {
    return registry->list_tags(repository, deadline, context.stop());
  });
}

std::string describe_update(const deployment::Update& update)
{
  if (update.newest.empty()) {
    return fmt::format("PEcAn {} is the newest release", update.current);
  }
  return fmt::format("PEcAn {} is out, {} is asked for: pecanctl deploy --update", update.newest,
                     update.current);
}

bool use_newest_release(Context& context)
{
  const auto update = look_for_update(context);
  for (const auto& passed : update.incomplete) {
    note(context.reporter(), fmt::format("passed over, for images are not published: {}", passed));
  }
  if (update.newest.empty()) {
    context.printer().say(fmt::format("{}; nothing to update", describe_update(update)));
    context.printer().add_to_result("changed", 0);
    return false;
  }
  note(context.reporter(), fmt::format("PEcAn {} -> {}", update.current, update.newest));
  if (!update.missing.empty()) {
    warn(context.reporter(), fmt::format("PEcAn {} has no image of {}", update.newest,
                                         fmt::join(update.missing, ", ")));
  }
  context.use_text(project::set_release(context.source().text, update.newest));
  return true;
}

FileChange plan_release(Context& context)
{
  const auto& [path, text] = context.source();
  const auto present = find_file(path);
  if (!present || *present == text) {
    return {};
  }
  const auto before =
      project::parse_instance_file(*present, path, find_variable, context.catalogue()).release;
  return {.path = path.filename().string(),
          .service = {},
          .reason = "a newer release",
          .lines = {"- pecan: " + before, "+ pecan: " + context.file().release}};
}

}  // namespace pecanctl::cli
