// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/registration/model_image.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"
#include "core/docker/engine.hpp"
#include "core/engine/docker_objects.hpp"
#include "core/engine/labels.hpp"
#include "core/registration/model_info.hpp"

namespace pecanctl::registration {
namespace {

namespace label = engine::label;

constexpr std::string_view k_model_json = "/work/model.json";
constexpr std::string_view k_service = "register";
constexpr std::chrono::seconds k_removal{10};

// A container that exists to be looked into; removed at the end of the scope.
class ClosedContainer {
 public:
  ClosedContainer(docker::Engine& engine, std::string id) : engine_{engine}, id_{std::move(id)} {}

  ClosedContainer(const ClosedContainer&) = delete;
  ClosedContainer& operator=(const ClosedContainer&) = delete;

  ~ClosedContainer()
  {
    try {
      engine_.remove_containers(std::vector{id_}, true, 1, Deadline::in(k_removal), {});
    } catch (const std::exception&) {
      return;  // carries our labels: the next of its kind removes it, and so does destroy
    }
  }

 private:
  docker::Engine& engine_;
  std::string id_;
};

std::string render_config(const std::string& image, const engine::Identity& identity)
{
  return nlohmann::json{{"Image", image},
                        {"Entrypoint", {"/never-started"}},
                        {"Cmd", nlohmann::json::array()},
                        {"NetworkDisabled", true},
                        {"Labels",
                         {{label::k_instance, identity.instance},
                          {label::k_owner, identity.owner},
                          {label::k_service, k_service},
                          {label::k_role, "helper"}}}}
      .dump();
}

void remove_leftovers(docker::Engine& engine, const engine::Identity& identity,
                      const Deadline& deadline, const std::stop_token& stop)
{
  auto labels = engine::filters(identity);
  labels.push_back(fmt::format("{}=helper", label::k_role));
  labels.push_back(fmt::format("{}={}", label::k_service, k_service));
  std::vector<std::string> ids;
  for (const auto& container : engine.list_containers(labels, deadline, stop)) {
    ids.push_back(container.id);
  }
  engine.remove_containers(ids, true, 1, deadline, stop);
}

}  // namespace

std::string read_model_json(docker::Engine& engine, const std::string& image,
                            const engine::Identity& identity, const Deadline& deadline,
                            const std::stop_token& stop)
{
  if (!engine.find_image(image, deadline, stop)) {
    throw Error{{.code = ErrorCode::not_found,
                 .what = fmt::format("cannot register the model in image {}", image),
                 .why = "there is no such file and no such image on this machine",
                 .hint = fmt::format("docker pull {}; or name a model_info.json", image),
                 .has_changed_nothing = true}};
  }
  remove_leftovers(engine, identity, deadline, stop);
  const std::vector<docker::Engine::CreateRequest> requests{
      {.name = fmt::format("{}-register-helper", identity.instance),
       .config = render_config(image, identity)}};
  const auto created = engine.create_containers(requests, 1, deadline, stop);
  if (created.front().error) {
    throw *created.front().error;
  }
  const ClosedContainer container{engine, created.front().id};
  failpoint("register.helper");
  const auto files = engine.find_archive(created.front().id, k_model_json, k_largest_model_info + 1,
                                         deadline, stop);
  if (!files || files->empty()) {
    throw Error{
        {.code = ErrorCode::not_found,
         .what = fmt::format("cannot register the model in image {}", image),
         .why = fmt::format("it has no {}{}", k_model_json, files ? " of a sensible size" : ""),
         .hint = "PEcAn's model images have one; else name a model_info.json",
         .has_changed_nothing = true}};
  }
  return files->front().content;
}

}  // namespace pecanctl::registration
