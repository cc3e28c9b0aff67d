// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/docker_job.hpp"

#include <fmt/format.h>

#include "core/base/failpoint.hpp"
#include "core/engine/container_config.hpp"
#include "core/engine/docker_objects.hpp"
#include "core/engine/labels.hpp"

namespace pecanctl::engine {
namespace {

constexpr int k_job_log_lines = 40;

// Ends the job's container however its work ends.
class JobContainer {
 public:
  JobContainer(docker::Engine& engine, std::string id) : engine_{engine}, id_{std::move(id)} {}

  JobContainer(const JobContainer&) = delete;
  JobContainer& operator=(const JobContainer&) = delete;

  ~JobContainer()
  {
    try {
      engine_.remove_containers(std::vector{id_}, true, 1, Deadline::in(std::chrono::seconds{10}),
                                {});
    } catch (const Error&) {
      return;  // carries our labels: the next deploy removes it
    }
  }

  const std::string& id() const { return id_; }

 private:
  docker::Engine& engine_;
  std::string id_;
};

void remove_leftover(docker::Engine& engine, const stack::Stack& stack, const std::string& name,
                     const Deadline& deadline, const std::stop_token& stop)
{
  auto labels = filters({.instance = stack.name, .owner = stack.owner});
  labels.push_back(fmt::format("{}=helper", label::k_role));
  for (const auto& found : engine.list_containers(labels, deadline, stop)) {
    if (found.name == name) {
      engine.remove_containers(std::vector{found.id}, true, 1, deadline, stop);
    }
  }
}

}  // namespace

JobResult run_job(docker::Engine& engine, const stack::Stack& stack, const stack::Service& job,
                  const Image& image, const Deadline& deadline, const std::stop_token& stop)
{
  const auto name = fmt::format("{}-{}", stack.name, job.name);
  remove_leftover(engine, stack, name, deadline, stop);
  const std::vector<docker::Engine::CreateRequest> requests{
      {.name = name, .config = render_job_config(stack, job, image)}};
  const auto created = engine.create_containers(requests, 1, deadline, stop);
  if (created.front().error) {
    throw *created.front().error;
  }
  const JobContainer container{engine, created.front().id};
  failpoint("job.created");
  for (const auto& failure :
       engine.start_containers(std::vector{container.id()}, 1, {}, deadline, stop)) {
    if (failure) {
      throw *failure;
    }
  }
  JobResult result{.exit_code = engine.wait_container(container.id(), deadline, stop)};
  failpoint("job.ended");
  for (const auto& line : engine.list_logs(container.id(), k_job_log_lines, deadline, stop)) {
    result.log.push_back(line.text);
  }
  return result;
}

}  // namespace pecanctl::engine
