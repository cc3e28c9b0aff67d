// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/retry.hpp"

#include <span>
#include <vector>

#include <fmt/format.h>

namespace pecanctl::workflow {

std::optional<std::string> out_folder(std::string_view folder)
{
  const auto slash = folder.rfind('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto parent = folder.substr(0, slash);
  if (parent != "run" && !parent.ends_with("/run")) {
    return std::nullopt;
  }
  return fmt::format("{}out{}", parent.substr(0, parent.size() - 3), folder.substr(slash));
}

void clear_for_retry(engine::DataAccess& data, const Job& job, const Deadline& deadline,
                     std::stop_token stop)
{
  constexpr std::string_view k_log = "logfile";
  const auto out = out_folder(job.folder);
  const auto found = out ? data.look(std::span{&*out, 1}, deadline, stop).front() : std::nullopt;
  if (!found || found->kind != engine::PathKind::folder) {
    return;
  }
  std::vector<std::string> products;
  for (const auto& name : data.list_files(*out, deadline, stop)) {
    if (name == "logfile.txt") {
      data.rename(fmt::format("{}/{}", *out, name),
                  fmt::format("{}/{}.attempt{}.txt", *out, k_log, job.attempt), deadline, stop);
    } else if (!name.starts_with(k_log)) {
      products.push_back(fmt::format("{}/{}", *out, name));
    }
  }
  data.remove(products, deadline, stop);
}

}  // namespace pecanctl::workflow
