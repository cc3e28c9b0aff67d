// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <csignal>
#include <thread>

#include <fmt/format.h>

#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "core/workflow/begin.hpp"
#include "core/workflow/run.hpp"
#include "tests/integration/worker/worker_fixture.hpp"
#include "tests/support/recorder.hpp"

using namespace pecanctl;
namespace fs = std::filesystem;

namespace {

// A lab whose folder is the data of an instance.
struct RunLab {
  test::Lab lab = {};
  workflow::RunStore store{lab.path() / "runs"};
  std::unique_ptr<engine::DataAccess> data = engine::make_local_data(lab.path());
  test::Recorder reporter = {};
  std::vector<workflow::JobResult> results = {};

  std::vector<std::string> make_jobs(int count, const std::string& script)
  {
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) {
      names.push_back(
          lab.make_job(fmt::format("job{:02}", i), script).lexically_relative(lab.path()));
    }
    return names;
  }

  workflow::Begun begin(const std::vector<std::string>& folders, int retries)
  {
    const auto candidates = workflow::find_candidates(*data, folders, {}, lab.queue(),
                                                      Deadline::in(std::chrono::seconds{10}), {});
    return workflow::begin_run(store,
                               {.id = test::fresh_name(),
                                .model = "test",
                                .queue = lab.queue(),
                                .retries = retries,
                                .at = "2026-01-01T00:00:00Z"},
                               candidates, {.nonce = 7});
  }

  workflow::Run make_run(workflow::HeldRun& held)
  {
    return workflow::Run{
        held,
        {.data = *data,
         .connect =
             [](const Deadline& deadline, std::stop_token stop) {
               return rabbitmq::connect(
                   rabbitmq::parse_amqp_url(test::service("PECANCTL_TEST_RABBITMQ")), deadline,
                   std::move(stop));
             },
         .is_busy = [](const Deadline&, std::stop_token) { return false; },
         .reporter = reporter,
         .on_result = [this](const auto& result) { results.push_back(result); }},
        {.recognises_duplicates = true, .mount = lab.path().string()}};
  }

  workflow::RunTotals run(const std::vector<std::string>& folders, int retries = 0)
  {
    auto begun = begin(folders, retries);
    REQUIRE(begun.run);
    auto process = make_run(*begun.run);
    process.wait(Deadline::in(std::chrono::seconds{60}), {});
    store.finish(*begun.run);
    return process.totals();
  }

  std::size_t count_starts(const std::string& folder) const
  {
    return split(trim(read_file(lab.path() / folder / "starts")), '\n').size();
  }
};

}  // namespace

TEST_CASE("workflow::Run: fifty jobs on two real workers are each run once")
{
  RunLab lab;
  const auto first = lab.lab.start_worker();
  const auto second = lab.lab.start_worker();
  const auto jobs = lab.make_jobs(50, "echo start >> starts");
  const auto totals = lab.run(jobs);
  CHECK(totals.ok == 50);
  CHECK(lab.results.size() == 50);
  for (const auto& job : jobs) {
    CHECK(lab.count_starts(job) == 1);
  }
  CHECK_FALSE(lab.begin(jobs, 0).run);  // all done already
}

TEST_CASE("workflow::Run: a real job that fails once is OK with a retry and told with its output")
{
  RunLab lab;
  const auto worker = lab.lab.start_worker();
  const auto jobs =
      lab.make_jobs(1, "echo start >> starts; echo trouble; test $(wc -l < starts) = 2");
  CHECK(lab.run(jobs, 1).ok == 1);
  REQUIRE(lab.results.size() == 2);
  CHECK(lab.results[0].is_retried);
  CHECK(lab.results[0].output == "trouble");
  const auto failing =
      lab.lab.make_job("failing", "echo no; exit 3").lexically_relative(lab.lab.path());
  CHECK(lab.run({failing}, 1).failed == 1);
  CHECK(lab.results.back().attempt == 2);
}

TEST_CASE("workflow::Run: a worker killed in the middle loses no job and none is told twice")
{
  RunLab lab;
  auto doomed = lab.lab.start_worker();
  const auto survivor = lab.lab.start_worker();
  const auto jobs = lab.make_jobs(20, "echo start >> starts; sleep 0.1");
  std::jthread killer{[&] {
    test::eventually([&] { return fs::exists(lab.lab.path() / jobs[5] / "starts"); });
    doomed->signal(SIGKILL);
  }};
  CHECK(lab.run(jobs).ok == 20);
  CHECK(lab.results.size() == 20);
}

TEST_CASE("workflow::Run: after a detached run the same command waits for its jobs")
{
  RunLab lab;
  const auto jobs = lab.make_jobs(10, "echo start >> starts");
  {
    auto begun = lab.begin(jobs, 0);
    REQUIRE(begun.run);
    lab.make_run(*begun.run).submit(Deadline::in(std::chrono::seconds{10}), {});
  }
  const auto worker = lab.lab.start_worker();
  auto again = lab.begin(jobs, 0);
  if (again.run) {  // unless the worker was faster
    auto run = lab.make_run(*again.run);
    run.wait(Deadline::in(std::chrono::seconds{30}), {});
  }
  for (const auto& job : jobs) {
    CHECK(test::eventually([&] { return fs::exists(lab.lab.path() / job / "rabbitmq.out"); }));
    CHECK(lab.count_starts(job) == 1);
  }
}
