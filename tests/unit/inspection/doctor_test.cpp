// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/inspection/doctor.hpp"

#include <doctest/doctest.h>

#include <set>

#include "core/inspection/bundle.hpp"

using namespace pecanctl;
using namespace pecanctl::inspection;

namespace {

// A machine on which nothing answers.
Subject silent_subject()
{
  const Error down{{.code = ErrorCode::unreachable, .what = "cannot reach it", .hint = "start it"}};
  Subject subject;
  subject.docker = [down]() -> std::unique_ptr<docker::Engine> { throw Error{down}; };
  subject.view = [down](const auto&, const auto&) -> std::shared_ptr<engine::View> {
    throw Error{down};
  };
  subject.consul = [down](const auto&, const auto&) -> std::unique_ptr<consul::Client> {
    throw Error{down};
  };
  subject.consul_url = [down](const auto&, const auto&) -> std::string { throw Error{down}; };
  subject.head = [down](const auto&, const auto&, const auto&) -> WebAnswer { throw Error{down}; };
  return subject;
}

}  // namespace

TEST_CASE("inspection::all_checks: codes are in order, names differ, and what is needed exists")
{
  std::set<std::string_view> names;
  std::string_view last;
  for (const auto& check : all_checks()) {
    names.insert(check.name);
    CHECK(last < check.code);
    last = check.code;
  }
  CHECK(names.size() == all_checks().size());
  for (const auto& check : all_checks()) {
    CHECK((check.needs.empty() || names.contains(check.needs)));
  }
}

TEST_CASE("inspection::select_checks: by name or code, in the table's order; a typo is told")
{
  const auto selected = select_checks({"d011", "socket"});
  REQUIRE(selected.size() == 2);
  CHECK(selected.front()->name == "socket");
  CHECK(selected.back()->name == "postgres");
  CHECK(select_checks({}).size() == all_checks().size());
  try {
    select_checks({"postgress"});
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::usage);
    CHECK(error.info().hint == "did you mean `postgres`?");
  }
}

TEST_CASE(
    "inspection::examine: what cannot be checked is skipped with the reason, failures have a fix")
{
  const auto subject = silent_subject();
  const auto results = examine(subject, select_checks({}), {});
  CHECK(results.size() == all_checks().size());
  for (const auto& result : results) {
    CAPTURE(result.check->name);
    CHECK_FALSE(result.finding.text.empty());
    CHECK((result.finding.verdict != Verdict::bad || !result.finding.fix.empty()));
  }
  CHECK(results.front().finding.verdict == Verdict::bad);
  CHECK(results.at(1).finding.verdict == Verdict::skipped);
  CHECK(results.at(1).finding.text == "needs socket (D001), which failed");
}

TEST_CASE("inspection::examine: what a check needs is looked at without being reported")
{
  const auto subject = silent_subject();
  const auto results = examine(subject, select_checks({"api"}), {});
  REQUIRE(results.size() == 1);
  CHECK(results.front().finding.verdict == Verdict::skipped);
}

TEST_CASE("inspection::examine: a stop ends it")
{
  const auto subject = silent_subject();
  std::stop_source source;
  source.request_stop();
  CHECK_THROWS_AS(examine(subject, select_checks({}), source.get_token()), Cancelled);
}

TEST_CASE("inspection::make_issue_url: short, escaped, and without the findings' words")
{
  const Check check{.code = "D999",
                    .name = "disk",
                    .title = "a title & more",
                    .needs = "",
                    .limit = {},
                    .run = nullptr};
  const std::vector<Examined> results(
      200,
      {.check = &check, .finding = {.verdict = Verdict::bad, .text = "/home/me", .fix = "fix"}});
  const auto url = make_issue_url("0.1.0", "Docker 20 & others", results);
  CHECK(url.size() < 4000);
  CHECK(url.starts_with(std::string{k_repository} + "/issues/new?title="));
  CHECK(url.find("a%20title%20%26%20more") != std::string::npos);
  CHECK(url.find("home") == std::string::npos);
  CHECK(url.find_first_of(" \n\"'<>#") == std::string::npos);
}
