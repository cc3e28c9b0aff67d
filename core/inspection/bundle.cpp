// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/inspection/bundle.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <ctime>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/fd.hpp"
#include "core/base/text.hpp"

namespace pecanctl::inspection {
namespace {

struct ArchiveDeleter {
  void operator()(archive* handle) const { archive_write_free(handle); }
};

struct EntryDeleter {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

la_ssize_t append(archive* /*handle*/, void* target, const void* data, std::size_t size)
{
  static_cast<std::string*>(target)->append(static_cast<const char*>(data), size);
  return static_cast<la_ssize_t>(size);
}

void check_archive(archive* handle, int status)
{
  if (status != ARCHIVE_OK) {
    const char* const why = archive_error_string(handle);
    throw Error{{.code = ErrorCode::failed,
                 .what = "cannot make the report",
                 .why = why == nullptr ? "libarchive failed" : why}};
  }
}

void add_file(archive* handle, const std::string& name, const std::string& content)
{
  const std::unique_ptr<archive_entry, EntryDeleter> entry{archive_entry_new()};
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0600);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  archive_entry_set_mtime(entry.get(), std::time(nullptr), 0);
  check_archive(handle, archive_write_header(handle, entry.get()));
  if (archive_write_data(handle, content.data(), content.size()) !=
      static_cast<la_ssize_t>(content.size())) {
    check_archive(handle, ARCHIVE_FATAL);
  }
}

std::string issue_body(std::string_view version, const std::string& engine,
                       const std::vector<Examined>& results)
{
  std::string text = fmt::format(
      "**What I did**\n\n\n**What I expected, and what happened**\n\n\n**Where**\n\n"
      "- pecanctl {}\n- {}\n\n**What doctor found**\n\n",
      version, engine.empty() ? "Docker did not answer" : engine);
  for (const auto& result : results) {
    if (result.finding.verdict == Verdict::bad || result.finding.verdict == Verdict::warning) {
      text += fmt::format("- {} {}: {}\n", result.check->code, result.check->name,
                          to_string(result.finding.verdict));
    }
  }
  return text + "\n(Please attach the report, after a look into it.)\n";
}

}  // namespace

void write_bundle(const std::filesystem::path& path, const std::vector<BundleFile>& files,
                  const Redactor& redactor)
{
  std::string bytes;
  {
    const std::unique_ptr<archive, ArchiveDeleter> handle{archive_write_new()};
    check_archive(handle.get(), archive_write_set_format_pax_restricted(handle.get()));
    check_archive(handle.get(), archive_write_add_filter_gzip(handle.get()));
    check_archive(handle.get(), archive_write_open(handle.get(), &bytes, nullptr, append, nullptr));
    for (const auto& file : files) {
      add_file(handle.get(), "pecanctl-report/" + file.name,
               redact_named(redact_urls(redactor.redact(file.content))));
    }
    check_archive(handle.get(), archive_write_close(handle.get()));
  }
  write_file_atomically(path, bytes, 0600);
}

std::string make_issue_url(std::string_view version, const std::string& engine,
                           const std::vector<Examined>& results)
{
  constexpr std::size_t k_longest = 4000;
  std::string title = "pecanctl: ";
  for (const auto& result : results) {
    if (result.finding.verdict == Verdict::bad) {
      title += fmt::format("{} ({})", result.check->title, result.check->code);
      break;
    }
  }
  auto body = issue_body(version, engine, results);
  for (;;) {
    auto url = fmt::format("{}/issues/new?title={}&body={}", k_repository, percent_encode(title),
                           percent_encode(body));
    if (url.size() < k_longest) {
      return url;
    }
    body.resize(body.size() / 2);
  }
}

std::string describe_engine(const Subject& subject, const Deadline& deadline,
                            const std::stop_token& stop)
{
  const auto info = subject.docker()->get_info(deadline, stop);
  return nlohmann::ordered_json{
      {"version", info.engine_version},
      {"api", fmt::format("{}.{}", info.api.major, info.api.minor)},
      {"os", info.operating_system},
      {"kernel", info.kernel},
      {"architecture", info.architecture},
      {"storage_driver", info.storage_driver},
      {"logging_driver", info.logging_driver},
      {"cgroup_version", info.cgroup_version},
      {"cpus", info.cpus},
      {"memory", info.memory_total},
      {"containers", info.containers},
      {"running", info.running},
      {"swarm_manager", info.is_swarm_manager},
      {"warnings", info.warnings},
  }
      .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace pecanctl::inspection
