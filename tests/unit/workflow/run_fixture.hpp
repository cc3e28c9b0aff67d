// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/fd.hpp"
#include "core/workflow/begin.hpp"
#include "core/workflow/run.hpp"
#include "tests/support/fake_broker.hpp"
#include "tests/support/recorder.hpp"
#include "tests/support/temp_dir.hpp"

namespace pecanctl::test {

inline const std::string k_queue = "SIPNET_git";

/// Local files whose removal can be forbidden, as behind an image without programs.
class TestData : public engine::DataAccess {
 public:
  explicit TestData(const std::filesystem::path& root) : files_{engine::make_local_data(root)} {}

  bool is_read_only = false;

  bool is_local() const override { return true; }

  std::vector<std::optional<engine::PathInfo>> look(std::span<const std::string> paths,
                                                    const Deadline& deadline,
                                                    std::stop_token stop) override
  {
    return files_->look(paths, deadline, stop);
  }

  std::vector<std::optional<engine::FileEnd>> find_ends(std::span<const std::string> paths,
                                                        std::size_t limit, const Deadline& deadline,
                                                        std::stop_token stop) override
  {
    return files_->find_ends(paths, limit, deadline, stop);
  }

  std::vector<std::optional<engine::FileDigest>> digest_files(std::span<const std::string> paths,
                                                              const Deadline& deadline,
                                                              std::stop_token stop) override
  {
    return files_->digest_files(paths, deadline, stop);
  }

  std::vector<std::string> list_folders(std::string_view path, const Deadline& deadline,
                                        std::stop_token stop) override
  {
    return files_->list_folders(path, deadline, stop);
  }

  std::vector<std::string> list_files(std::string_view path, const Deadline& deadline,
                                      std::stop_token stop) override
  {
    return files_->list_files(path, deadline, stop);
  }

  void remove(std::span<const std::string> paths, const Deadline& deadline,
              std::stop_token stop) override
  {
    check_right();
    files_->remove(paths, deadline, stop);
  }

  void rename(std::string_view from, std::string_view to, const Deadline& deadline,
              std::stop_token stop) override
  {
    check_right();
    files_->rename(from, to, deadline, stop);
  }

  std::vector<bool> make_folders(std::span<const engine::NewFolder> folders,
                                 const Deadline& deadline, std::stop_token stop) override
  {
    check_right();
    return files_->make_folders(folders, deadline, stop);
  }

 private:
  void check_right() const
  {
    if (is_read_only) {
      throw Error{{.code = ErrorCode::denied, .what = "cannot remove a file"}};
    }
  }

  std::unique_ptr<engine::DataAccess> files_;
};

/// An instance's /data, broker and journals, and a worker to script.
struct RunFixture {
  TempDir folder = {};
  std::filesystem::path root = folder.path() / "data";
  workflow::RunStore store{folder.path() / "runs"};
  FakeBroker broker = {};
  std::unique_ptr<TestData> data = {};
  Recorder reporter = {};
  std::vector<workflow::JobResult> results = {};
  std::map<std::string, int> runs = {};  ///< folder -> how often a worker ran it
  bool is_busy = false;
  std::uint32_t next_nonce = 1;
  /// What a job ends in; nothing: it vanishes without a word.
  std::function<std::optional<bool>(const std::string& folder)> job = [](const auto&) {
    return true;
  };

  RunFixture()
  {
    std::filesystem::create_directories(root);
    data = std::make_unique<TestData>(root);
    broker.queues[k_queue];
    broker.on_wait = [this](FakeBroker& /*self*/) { work_once(); };
  }

  std::string path_of(int number) const { return fmt::format("workflows/w/run/{}", number); }

  std::vector<std::string> make_folders(int count) const
  {
    std::vector<std::string> paths;
    for (int i = 1; i <= count; ++i) {
      paths.push_back(path_of(i));
      std::filesystem::create_directories(root / paths.back());
      std::ofstream{root / paths.back() / "job.sh"} << "exit 0\n";
    }
    return paths;
  }

  void write_outcome(const std::string& path, bool is_ok, const std::string& output = "out") const
  {
    std::ofstream{root / path / "rabbitmq.out"}
        << fmt::format("b'{}'\n{}\n", output, is_ok ? "OK" : "ERROR");
  }

  // One message, as a worker that says nothing but the file.
  void work_once()
  {
    const auto message = broker.take(k_queue);
    if (!message) {
      return;
    }
    const auto path = nlohmann::json::parse(message->body)["folder"].get<std::string>().substr(6);
    ++runs[path];
    if (const auto is_ok = job(path)) {
      write_outcome(path, *is_ok);
    }
  }

  workflow::RunPolicy policy = {};
  bool skips_failed = false;

  workflow::Begun begin(const std::vector<std::string>& folders, int retries = 0,
                        bool runs_again = false)
  {
    const auto candidates =
        workflow::find_candidates(*data, folders, {}, k_queue, Deadline::never(), {});
    const auto nonce = next_nonce++;
    return workflow::begin_run(
        store,
        {.id = fmt::format("run-{:04}", nonce),
         .model = "sipnet",
         .queue = k_queue,
         .retries = retries,
         .at = "2026-01-01T00:00:00Z",
         .policy = policy},
        candidates, {.runs_again = runs_again, .skips_failed = skips_failed, .nonce = nonce});
  }

  workflow::Run make_run(workflow::HeldRun& held, workflow::RunOptions options = {})
  {
    return workflow::Run{
        held,
        {.data = *data,
         .connect = [this](const Deadline&, std::stop_token) { return broker.connect(); },
         .is_busy = [this](const Deadline&, std::stop_token) { return is_busy; },
         .now = [this] { return broker.now; },
         .reporter = reporter,
         .on_result = [this](const auto& result) { results.push_back(result); }},
        options};
  }

  /// Begins, waits, ends.
  workflow::RunTotals run(const std::vector<std::string>& folders, int retries = 0,
                          workflow::RunOptions options = {})
  {
    auto begun = begin(folders, retries);
    if (!begun.run) {
      return {};
    }
    auto process = make_run(*begun.run, options);
    process.wait(Deadline::in(std::chrono::seconds{20}), {});
    if (begun.run->state.is_over()) {
      store.finish(*begun.run);
    }
    return process.totals();
  }
};

}  // namespace pecanctl::test
