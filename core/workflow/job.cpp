// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/job.hpp"

#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/secret.hpp"
#include "core/workflow/outcome.hpp"

namespace pecanctl::workflow {

RunTotals count_ends(const std::vector<Job>& jobs)
{
  RunTotals sum;
  for (const auto& job : jobs) {
    sum.jobs += job.state == JobState::moved ? 0 : 1;
    sum.ok += job.state == JobState::ok ? 1 : 0;
    sum.failed += job.state == JobState::error ? 1 : 0;
    sum.cancelled += job.state == JobState::cancelled ? 1 : 0;
  }
  return sum;
}

std::uint64_t job_key(std::string_view queue, std::string_view folder, std::string_view script)
{
  std::string text{queue};
  text += '\0';
  text += folder;
  text += '\0';
  text += script;
  return parse_key(std::string_view{sha256_hex(text)}.substr(0, 16));
}

std::string message_id(const Job& job)
{
  return fmt::format("{:016x}-{}-{:08x}", job.key, job.attempt, job.nonce);
}

std::string data_path(std::string_view folder, std::string_view mount)
{
  return fmt::format("{}/{}", mount, folder);
}

std::string message_body(const Job& job, std::string_view mount)
{
  return fmt::format(R"({{"folder": {}}})", nlohmann::json(data_path(job.folder, mount)).dump());
}

std::string outcome_path(const Job& job)
{
  return fmt::format("{}/{}", job.folder, k_outcome_name);
}

std::string render_key(std::uint64_t key)
{
  return fmt::format("{:016x}", key);
}

std::uint64_t parse_key(std::string_view text)
{
  std::uint64_t key = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), key, 16);
  if (text.size() != 16 || result.ptr != text.data() + text.size()) {
    throw Error{{.code = ErrorCode::invalid,
                 .what = fmt::format("cannot read job key '{}'", text),
                 .why = "it is not 16 hexadecimal digits"}};
  }
  return key;
}

}  // namespace pecanctl::workflow
