// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/registering.hpp"

#include <fmt/format.h>

#include "cli/context.hpp"

namespace pecanctl::cli {

registration::Ledger fenced_ledger(deployment::Index& index)
{
  return {.client = index.client(),
          .commit = [&index](std::vector<consul::Operation> operations, const Deadline& deadline,
                             const std::stop_token& stop) {
            return index.try_commit(std::move(operations), deadline, stop);
          }};
}

void show(Context& context, const RegistrationReport& report)
{
  for (const auto& change : report.changes) {
    context.printer().say("  " + change);
  }
  context.printer().record("registration", {{"kind", report.kind},
                                            {"subject", report.subject},
                                            {"host", report.host},
                                            {"changes", report.changes}});
}

void show_only(Context& context, const RegistrationReport& report)
{
  context.printer().say(
      report.changes.empty()
          ? fmt::format("{} {} is registered: nothing would change", report.kind, report.subject)
          : fmt::format("{} {} for {}: nothing is changed by this command", report.kind,
                        report.subject, report.host));
  show(context, report);
  context.printer().add_to_result("changes", report.changes.size());
  if (context.options().is_check && !report.changes.empty()) {
    throw Error{
        {.code = ErrorCode::finding,
         .what = fmt::format("the registration of {} {} differs", report.kind, report.subject),
         .hint = fmt::format("pecanctl register {}", report.kind)}};
  }
}

}  // namespace pecanctl::cli
