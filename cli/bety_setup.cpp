// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/bety_setup.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "cli/externals.hpp"
#include "core/base/text.hpp"
#include "core/deployment/backups.hpp"
#include "core/deployment/bety_tasks.hpp"
#include "core/project/make_stack.hpp"

namespace pecanctl::cli {
namespace {

// To the database that stays when `bety` is dropped.
std::unique_ptr<postgres::Database> connect_server(Context& context, const Deadline& deadline,
                                                   const std::stop_token& stop)
{
  auto endpoint = context.services().database_endpoint(deadline, stop);
  endpoint.database = "postgres";
  return postgres::connect(endpoint, deadline.sooner(std::chrono::seconds{15}), stop);
}

engine::JobResult run_job(Context& context, const stack::Service& job, const Deadline& deadline,
                          const std::stop_token& stop)
{
  const auto image = context.images().ensure(job.image, context.stack().images, deadline, stop);
  return context.backend().run_job(context.stack(), job, image, deadline, stop);
}

// Closed to others from the first moment on.
void make_private_folder(const std::filesystem::path& folder)
{
  std::error_code error;
  std::filesystem::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw system_error(fmt::format("cannot make the folder {}", folder.string()), errno);
  }
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

// BETY's own image, doing something else than serving.
stack::Service migration_job(const stack::Service& bety)
{
  return {.name = "migrate",
          .image = bety.image,
          .command = {"migrate"},
          .environment = bety.environment,
          .secret_environment = bety.secret_environment,
          .limits = bety.limits};
}

// Writes into the folder of backups, whoever owns that.
stack::Service backup_job(Context& context, const std::string& file)
{
  // Also where the server runs elsewhere: pg_dump is in its image.
  const auto postgres =
      project::make_standard_service("postgres", context.file(), context.catalogue());
  stack::External server{.host = "postgres", .port = 5432, .user = "postgres", .space = "bety"};
  if (const auto* external = context.stack().find_external("postgres")) {
    server = *external;
  }
  return {.name = "backup",
          .image = postgres.image,
          .command = {"pg_dump", "-h", server.host, "-p", std::to_string(server.port), "-U",
                      server.user, "-Fc", "-f", "/backups/" + file, server.space},
          .secret_environment = {{"PGPASSWORD", context.secrets().postgres}},
          .mounts = {{.path = context.file().backups.string(), .target = "/backups"}},
          .limits = postgres.limits,
          .capabilities = {"DAC_OVERRIDE"}};
}

// Only now: the new one is whole.
void remove_old_backups(Context& context)
{
  const auto folder = context.file().backups;
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry{folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  for (const auto& name :
       deployment::list_old_backups(context.stack().name, names, deployment::k_kept_backups)) {
    std::filesystem::remove(folder / name, error);
    debug(context.reporter(), fmt::format("removed the old backup {}", name));
  }
}

engine::JobResult back_up(Context& context, const Deadline& deadline, const std::stop_token& stop)
{
  const auto folder = context.file().backups;
  make_private_folder(folder);
  const auto name =
      deployment::backup_name(context.stack().name, format_time(std::chrono::system_clock::now()));
  auto result = run_job(context, backup_job(context, name + ".part"), deadline, stop);
  if (result.exit_code == 0) {
    std::filesystem::rename(folder / (name + ".part"), folder / name);
    note(context.reporter(), fmt::format("saved the database in {}", (folder / name).string()));
    remove_old_backups(context);
  }
  return result;
}

void add_migration(Context& context, deployment::BetySetup& setup)
{
  const auto* bety = context.stack().find_service("bety");
  if (bety == nullptr) {
    return;
  }
  setup.find_version = [&context, bety](const Deadline& deadline, const std::stop_token& stop) {
    return context.images().ensure(bety->image, context.stack().images, deadline, stop).id;
  };
  setup.migrate = [&context, bety](const Deadline& deadline, const std::stop_token& stop) {
    return run_job(context, migration_job(*bety), deadline, stop);
  };
  setup.back_up = [&context](const Deadline& deadline, const std::stop_token& stop) {
    return back_up(context, deadline, stop);
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
      .admin_password = secrets.admin,
      .load_mark = load_mark(context)};
  add_migration(context, setup);
  if (wants_demo_data) {
    setup.add_demo_data = job_runner(context, "demo-data");
  }
  return deployment::make_bety_tasks(std::move(setup), context.services());
}

}  // namespace pecanctl::cli
