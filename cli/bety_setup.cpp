// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/bety_setup.hpp"

#include <string>

#include "cli/context.hpp"
#include "core/deployment/bety_tasks.hpp"
#include "core/project/make_stack.hpp"

namespace pecanctl::cli {
namespace {

constexpr int k_database_port = 5432;

// To the database that stays when `bety` is dropped.
std::unique_ptr<postgres::Database> connect_server(Context& context, const Deadline& deadline,
                                                   const std::stop_token& stop)
{
  const auto port = context.backend()
                        .observe(context.identity(), deadline, stop)
                        .find_port("postgres", k_database_port);
  if (!port) {
    throw Error{{.code = ErrorCode::unreachable,
                 .what = "cannot reach the database server",
                 .why = "it does not run",
                 .hint = "pecanctl deploy"}};
  }
  return postgres::connect(
      {.port = port->host_port, .database = "postgres", .password = context.secrets().postgres},
      deadline.sooner(std::chrono::seconds{15}), stop);
}

deployment::BetySetup::Run job_runner(Context& context, const std::string& name)
{
  return [&context, name](const Deadline& deadline, const std::stop_token& stop) {
    const auto job = project::make_job(name, context.file(), context.catalogue(), context.secrets(),
                                       context.machine());
    const auto image = context.images().ensure(job.image, context.stack().images, deadline, stop);
    return context.backend().run_job(context.stack(), job, image, deadline, stop);
  };
}

}  // namespace

std::vector<deployment::Task> make_bety_tasks(Context& context, bool wants_demo_data)
{
  const auto& secrets = context.secrets();
  deployment::BetySetup setup{
      .connect_server =
          [&context](const Deadline& deadline, const std::stop_token& stop) {
            return connect_server(context, deadline, stop);
          },
      .load = job_runner(context, "load"),
      .host = context.host_name(),
      .site = context.file().site.id,
      .contact = context.file().site.contact,
      .bety_password = secrets.bety,
      .bety_key = secrets.bety_key,
      .admin_password = secrets.admin};
  if (wants_demo_data) {
    setup.add_demo_data = job_runner(context, "demo-data");
  }
  return deployment::make_bety_tasks(std::move(setup), context.services());
}

}  // namespace pecanctl::cli
