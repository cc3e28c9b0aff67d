// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/externals.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "core/base/secret.hpp"
#include "core/deployment/bety_database.hpp"
#include "core/deployment/external_database.hpp"

namespace pecanctl::cli {
namespace {

constexpr std::chrono::seconds k_login_patience{15};

deployment::ExternalDatabase::Connect connect_with(Context& context,
                                                   void (*change)(postgres::Endpoint&, Context&))
{
  return [&context, change](const Deadline& deadline, const std::stop_token& stop) {
    auto endpoint = context.services().database_endpoint(deadline, stop);
    change(endpoint, context);
    return postgres::connect(endpoint, deadline.sooner(k_login_patience), stop);
  };
}

// A machine's own name often has an address of the loopback network.
void require_reachable_name(const stack::External& external)
{
  if (Context::is_loopback(external.host)) {
    throw Error{
        {.code = ErrorCode::invalid,
         .what = fmt::format("cannot use the external {} {}", external.service, external.url()),
         .why = fmt::format("here {} has an address of the loopback network, where no "
                            "container gets",
                            external.host),
         .hint = "write the machine's address as other machines know it",
         .has_changed_nothing = true}};
  }
}

void require_broker(Context& context, const stack::External& external, const Deadline& deadline)
{
  try {
    context.services().broker(deadline, context.stop());
  } catch (const Error& error) {
    auto info = error.info();
    info.what = fmt::format("cannot use the external broker {}", external.url());
    info.hint = info.code == ErrorCode::denied
                    ? fmt::format(
                          "put the password of user {} in secrets/rabbitmq, or where "
                          "`secrets: {{rabbitmq: …}}` says",
                          external.user)
                    : "see that it runs and that this machine may reach it";
    info.has_changed_nothing = true;
    throw Error{std::move(info)};
  }
}

void reach(Context& context, const stack::External& external, const Deadline& deadline)
{
  if (external.service == "postgres") {
    context.services().connect_database(deadline, context.stop());
  } else {
    context.services().connect_broker(deadline, context.stop());
  }
}

}  // namespace

std::string load_mark(Context& context)
{
  const auto* external = context.stack().find_external("postgres");
  if (external == nullptr) {
    return std::string{deployment::k_load_mark};
  }
  const auto digest = sha256_hex(context.stack().owner + "/" + external->space);
  return fmt::format("{}_{}", deployment::k_load_mark, digest.substr(0, 12));
}

void require_externals(Context& context, const Deadline& deadline)
{
  std::ranges::for_each(context.stack().externals, require_reachable_name);
  if (const auto* external = context.stack().find_external("postgres")) {
    deployment::require_external_database(
        {.url = external->url(),
         .user = external->user,
         .connect = connect_with(context, [](postgres::Endpoint&, Context&) {}),
         .connect_bety = connect_with(context,
                                      [](postgres::Endpoint& endpoint, Context& of) {
                                        endpoint.user = "bety";
                                        endpoint.password = of.secrets().bety;
                                      }),
         .connect_server = connect_with(context, [](postgres::Endpoint& endpoint,
                                                    Context&) { endpoint.database = "postgres"; }),
         .needs_bety = context.file().profile == "full",
         .load_mark = load_mark(context)},
        deadline, context.stop());
  }
  if (const auto* external = context.stack().find_external("rabbitmq")) {
    require_broker(context, *external, deadline);
  }
}

void add_externals(Context& context, const Deadline& deadline, inspection::InstanceStatus& status)
{
  std::vector<inspection::ServiceStatus> rows;
  for (const auto& external : context.stack().externals) {
    inspection::ServiceStatus row{
        .name = external.service, .state = "external", .endpoints = {external.url()}};
    try {
      reach(context, external, deadline);
    } catch (const Error& error) {
      row.state = "unreachable";
      status.problems.push_back(fmt::format("{}: {}", external.service, error.what()));
      status.state = status.state == "healthy" ? "degraded" : status.state;
    }
    rows.push_back(std::move(row));
  }
  status.services.insert(status.services.begin(), std::make_move_iterator(rows.begin()),
                         std::make_move_iterator(rows.end()));
}

}  // namespace pecanctl::cli
