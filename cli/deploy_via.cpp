// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/deploy_via.hpp"

#include <algorithm>
#include <random>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/context.hpp"
#include "core/base/text.hpp"
#include "core/scaling/deployments.hpp"

namespace pecanctl::cli {
namespace {

using scaling::RequestStatus;

constexpr std::chrono::minutes k_outcome{30};
constexpr std::chrono::seconds k_connect{15};
constexpr std::chrono::milliseconds k_listen{500};

std::string fresh_id()
{
  std::random_device random;
  return fmt::format("{:08x}-{:08x}-{:08x}", random(), random(), random());
}

scaling::Request make_request(const RemoteDeploy& wish, const rabbitmq::Endpoint& endpoint,
                              Context& context)
{
  scaling::Request request{
      .id = wish.request_id.empty() ? fresh_id() : wish.request_id,
      .by = context.user_name(),
      .at = format_time(std::chrono::system_clock::now()),
      .broker = {.host = endpoint.host, .port = endpoint.port, .vhost = endpoint.vhost}};
  using scaling::RequestAction;
  for (const auto action : {RequestAction::deploy, RequestAction::update, RequestAction::pause,
                            RequestAction::resume, RequestAction::remove}) {
    if (to_string(action) == wish.action) {
      request.action = action;
    }
  }
  for (const auto& model : wish.models) {
    request.tools.push_back({.extractor = model,
                             .image = wish.image,
                             .min = wish.min,
                             .max = wish.max,
                             .cpus = wish.cpus,
                             .memory = wish.memory});
  }
  return scaling::parse_request(scaling::render_request(request));  // what they would refuse
}

void send(rabbitmq::Broker& broker, const scaling::Request& request, const std::string& reply_to,
          const Deadline& deadline, const std::stop_token& stop)
{
  const rabbitmq::Message message{
      .body = scaling::render_request(request), .message_id = request.id, .reply_to = reply_to};
  auto outcome = rabbitmq::PublishOutcome::unconfirmed;
  broker.publish(
      scaling::k_request_queue, std::span{&message, 1}, 1,
      [&](std::size_t, rabbitmq::PublishOutcome told) { outcome = told; }, deadline, stop);
  if (outcome == rabbitmq::PublishOutcome::returned) {
    throw Error{{.code = ErrorCode::unreachable,
                 .what = "cannot send the request",
                 .why = fmt::format("that broker has no queue {}", scaling::k_request_queue),
                 .hint = "start the agent of that instance: pecanctl agent",
                 .has_changed_nothing = true}};
  }
  if (outcome != rabbitmq::PublishOutcome::confirmed) {
    throw Error{{.code = ErrorCode::unreachable,
                 .what = "cannot tell whether the request arrived",
                 .why = "the broker did not confirm it",
                 .hint = fmt::format("repeat the command with --request-id {}: it is carried out "
                                     "once at most",
                                     request.id)}};
  }
}

RequestStatus follow(rabbitmq::Broker& broker, const scaling::Request& request, Context& context,
                     const Deadline& deadline)
{
  const Step step{
      context.reporter(),
      {.id = fmt::format("request {}", request.id), .group = "request", .action = "wait"}};
  while (!deadline.is_over()) {
    const auto delivery = broker.next_delivery(k_listen, -1, context.stop());
    const auto status = delivery ? scaling::parse_status(delivery->message.body) : std::nullopt;
    if (!status || status->request != request.id) {
      continue;
    }
    step.progress(status->state);
    context.printer().record("deployment", {{"request", status->request},
                                            {"tool", status->tool},
                                            {"state", status->state},
                                            {"reason", status->reason},
                                            {"requested", status->requested},
                                            {"running", status->running},
                                            {"at", status->at}});
    if (status->is_final()) {
      return *status;
    }
  }
  throw Error{
      {.code = ErrorCode::timeout,
       .what = fmt::format("request {} has no outcome yet", request.id),
       .why = "the agent did not tell one in time; the request stays in its queue",
       .hint = fmt::format("ask again: the same command with --request-id {}", request.id)}};
}

}  // namespace

void deploy_via(const RemoteDeploy& wish, Context& context)
{
  if (wish.models.empty()) {
    throw Error{{.code = ErrorCode::usage,
                 .what = "no model given",
                 .hint = "pecanctl deploy SIPNET_git --via amqp://…"}};
  }
  const auto endpoint = rabbitmq::parse_amqp_url(wish.url);
  context.printer().redactor().add(endpoint.password);
  const auto request = make_request(wish, endpoint, context);
  if (context.options().is_dry_run) {
    context.printer().say(scaling::render_request(request));
    return;
  }
  const auto connecting = context.deadline(k_connect).sooner(k_connect);
  const auto broker = rabbitmq::connect(endpoint, connecting, context.stop());
  const auto replies = broker->make_reply_queue(connecting, context.stop());
  broker->consume(replies, 1, true, connecting, context.stop());
  send(*broker, request, replies, connecting, context.stop());
  const auto status = follow(*broker, request, context, context.deadline(k_outcome));
  if (status.is_failure()) {
    throw Error{
        {.code = status.state == "rejected" ? ErrorCode::invalid : ErrorCode::failed,
         .what = fmt::format("the request was {}",
                             status.state == "failed" ? "accepted, but failed" : status.state),
         .why = escape_control(status.reason),
         .hint = "see the log of the agent, and its `pecanctl status --deployments`"}};
  }
  context.printer().say(
      fmt::format("{}: {}{}", fmt::join(wish.models, ", "), status.state,
                  status.running > 0 ? fmt::format(", {} running", status.running) : ""));
}

void show_deployments(Context& context)
{
  const auto client = context.consul("start it: pecanctl deploy");
  output::Table table{.header = {"TIME", "REQUEST", "BY", "ACTION", "TOOLS", "STATE", "REASON"},
                      .rows = {}};
  auto rows = nlohmann::json::array();
  for (const auto& [request, status, reply_to] : scaling::list_deployments(
           *client, context.instance_name(), context.look_deadline(), context.stop())) {
    std::vector<std::string> tools;
    for (const auto& tool : request.tools) {
      tools.push_back(tool.extractor);
    }
    table.rows.push_back({request.at, request.id, escape_control(request.by),
                          std::string{to_string(request.action)},
                          escape_control(fmt::format("{}", fmt::join(tools, ","))), status.state,
                          escape_control(status.reason)});
    rows.push_back({{"request", request.id},
                    {"by", request.by},
                    {"at", request.at},
                    {"action", to_string(request.action)},
                    {"tools", tools},
                    {"state", status.state},
                    {"reason", status.reason},
                    {"running", status.running},
                    {"changed_at", status.at}});
  }
  if (context.printer().is_json()) {
    context.printer().document({{"instance", context.instance_name()}, {"deployments", rows}},
                               "deployments");
  } else {
    context.printer().table(table);
  }
}

}  // namespace pecanctl::cli
