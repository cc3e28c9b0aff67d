// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/result_folder.hpp"

#include <cstdio>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace pecanctl::workflow {
namespace {

namespace fs = std::filesystem;

// Without a sync for each of three files: they can be made again from rabbitmq.out.
void replace(const fs::path& path, std::string_view text)
{
  auto hidden = path;
  hidden.replace_filename("." + path.filename().string());
  std::ofstream file{hidden, std::ios::binary};
  file << text;
  file.close();
  if (!file || std::rename(hidden.c_str(), path.c_str()) != 0) {
    throw system_error(fmt::format("cannot write {}", path.string()), errno);
  }
}

}  // namespace

void write_result(const fs::path& folder, const JobResult& result, const JobLogRow& row)
{
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw system_error(fmt::format("cannot make {}", folder.string()), error.value());
  }
  const bool has_output = result.end == JobEnd::ok || result.end == JobEnd::error;
  replace(folder / "stdout", has_output ? result.whole_output : std::string{});
  replace(folder / "outcome", fmt::format("{}\n", to_string(result.end)));
  replace(folder / "joblog.json", render_joblog_json(row));
}

}  // namespace pecanctl::workflow
