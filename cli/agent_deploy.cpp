// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/agent_deploy.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/context.hpp"
#include "cli/deploying.hpp"
#include "cli/requested_models.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/fd.hpp"
#include "core/base/retry.hpp"
#include "core/base/text.hpp"
#include "core/scaling/deployments.hpp"

namespace pecanctl::cli {
namespace {

using namespace std::chrono_literals;
using scaling::Deployment;
using scaling::Request;
using scaling::RequestAction;
using scaling::RequestStatus;

constexpr auto k_brief = 10s;
constexpr auto k_listen = 1s;
constexpr auto k_heartbeat = 15s;  // see Broker::next_delivery
constexpr auto k_wait_for_lock = 10min;
constexpr std::string_view k_status_policy = "elasticity-deploy-status";
// Nobody may listen there: a week, ten thousand.
constexpr std::string_view k_status_limits =
    R"({"message-ttl":604800000,"max-length":10000,"overflow":"drop-head"})";

RequestStatus status_of(const Request& request, std::string state, std::string reason = {})
{
  return {.request = request.id,
          .tool = request.tools.empty() ? std::string{} : request.tools.front().extractor,
          .state = std::move(state),
          .reason = std::move(reason),
          .at = format_time(std::chrono::system_clock::now())};
}

class DeployDuty : public Duty {
 public:
  explicit DeployDuty(const DutyBench& bench)
      : bench_{bench},
        context_{bench.context},
        claim_{context_.claim("deployer")}
  {
    const auto deadline = Deadline::in(k_brief);
    const auto stop = context_.stop();
    auto& broker = context_.services().broker(deadline, stop);
    broker.ensure_queue(scaling::k_request_queue, deadline, stop);
    broker.ensure_queue(scaling::k_status_queue, deadline, stop);
    context_.services()
        .management(deadline, stop)
        .ensure_policy(k_status_policy, fmt::format("^{}$", scaling::k_status_queue),
                       k_status_limits, 0, deadline, stop);
    go_on();
    listen();
  }

  bool pass() override
  {
    const auto delivery = broker_->next_delivery(k_listen, -1, context_.stop());
    if (!delivery) {
      return false;
    }
    const auto silence = Deadline::in(k_heartbeat);
    handle(*delivery);
    if (silence.is_over()) {
      listen();  // the broker may have given the connection up meanwhile
    }
    return true;
  }

 private:
  void listen()
  {
    const auto deadline = Deadline::in(k_brief);
    broker_.reset();
    broker_ = context_.services().connect_broker(deadline, context_.stop());
    broker_->consume(scaling::k_request_queue, 1, false, deadline, context_.stop());
  }

  // What an agent that is no more had accepted.
  void go_on()
  {
    for (auto& deployment : scaling::list_deployments(claim_->client(), context_.instance_name(),
                                                      Deadline::in(k_brief), context_.stop())) {
      if (!deployment.status.is_final()) {
        note(bench_.reporter, fmt::format("goes on with request {}", deployment.request.id));
        carry_out(deployment);
      }
    }
  }

  void handle(const rabbitmq::Delivery& delivery)
  {
    Deployment deployment{.reply_to = delivery.message.reply_to};
    try {
      deployment.request = scaling::parse_request(delivery.message.body);
    } catch (const Error& error) {
      const auto& id = delivery.message.message_id;
      deployment.request.id = id.empty() ? "unknown" : id;
      publish(deployment.reply_to, status_of(deployment.request, "rejected", error.info().why));
      bench_.health.count_request(context_.instance_name(), "rejected");
      broker_->ack(delivery.tag);
      return;
    }
    const auto known =
        scaling::find_deployment(claim_->client(), context_.instance_name(), deployment.request.id,
                                 Deadline::in(k_brief), context_.stop());
    if (known && known->status.is_final()) {
      publish(deployment.reply_to, known->status);  // asked again: the same answer
      broker_->ack(delivery.tag);
      return;
    }
    if (const auto reason = accept(deployment.request)) {
      tell(deployment, status_of(deployment.request, "rejected", *reason));
      broker_->ack(delivery.tag);
      return;
    }
    failpoint("agent.edited");
    tell(deployment, status_of(deployment.request, "accepted"));
    failpoint("agent.accepted");
    broker_->ack(delivery.tag);
    carry_out(deployment);
  }

  // Edits pecan.yml where it says something else. Returns why not.
  std::optional<std::string> accept(const Request& request)
  {
    if (!is_own_broker(request.broker, context_)) {
      return fmt::format("{}:{}{} is not the broker of instance {}", request.broker.host,
                         request.broker.port, request.broker.vhost, context_.instance_name());
    }
    try {
      const auto lock = wait_for_lock();
      const auto path = context_.file().path;
      const auto before = read_file(path);
      const auto after = apply_request(request, before, context_);
      if (after != before) {
        write_file_atomically(path, after, 0644);
        note(bench_.reporter,
             fmt::format("request {} of {} changed {}", request.id,
                         request.by.empty() ? "somebody" : request.by, path.string()));
      }
      return std::nullopt;
    } catch (const Error& error) {
      if (is_transient(error) || error.code() == ErrorCode::conflict) {
        throw;  // the request stays in the queue
      }
      return error.what();
    }
  }

  std::unique_ptr<deployment::InstanceLock> wait_for_lock()
  {
    auto options = context_.options();
    options.lock_wait = 1min;
    Context waiting{options, "agent", bench_.reporter, context_.printer(), context_.stop()};
    return waiting.lock(context_.instance_name());
  }

  void carry_out(Deployment& deployment)
  {
    const auto& request = deployment.request;
    try {
      // pecan.yml may have changed since this context read it.
      auto options = context_.options();
      options.lock_wait = k_wait_for_lock;
      output::Printer quiet{false, true, false, context_.stop()};
      Context fresh{options, "agent", bench_.reporter, quiet, context_.stop()};
      tell(deployment, perform(deployment, fresh));
      note(bench_.reporter, fmt::format("request {}: {}", request.id, deployment.status.state));
    } catch (const Error& error) {
      warn(bench_.reporter, fmt::format("request {} failed: {}", request.id, error.what()));
      tell(deployment, status_of(request, "failed", error.what()));
    }
  }

  RequestStatus perform(Deployment& deployment, Context& fresh)
  {
    const auto& request = deployment.request;
    const auto keys = requested_keys(request, fresh);
    if (request.action == RequestAction::pause || request.action == RequestAction::resume) {
      const auto pause =
          request.action == RequestAction::pause ? scaling::Pause::all : scaling::Pause::none;
      set_pauses(keys, pause, request.by, *claim_, fresh);
      return status_of(request, pause == scaling::Pause::all ? "paused" : "resumed");
    }
    const bool builds = needs_build(keys, fresh);
    tell(deployment, status_of(request, builds ? "building" : "deploying"));
    if (request.action == RequestAction::remove) {
      deploy_services({}, fresh);
      remove_queues(request, fresh);
      return status_of(request, "deleted");
    }
    deploy_services(keys, fresh);
    auto status = status_of(request, "deployed");
    status.running = count_running(keys, fresh);
    for (const auto& tool : request.tools) {
      status.requested += tool.min;
    }
    return status;
  }

  // Kept in Consul first: who asks again hears the same.
  void tell(Deployment& deployment, RequestStatus status)
  {
    deployment.status = std::move(status);
    if (!claim_->try_commit({scaling::make_deployment(context_.instance_name(), deployment)},
                            Deadline::in(k_brief), context_.stop())) {
      warn(bench_.reporter, "Consul did not take the state of a request");
    }
    if (deployment.status.is_final()) {
      bench_.health.count_request(context_.instance_name(), deployment.status.state);
    }
    publish(deployment.reply_to, deployment.status);
  }

  void publish(const std::string& reply_to, const RequestStatus& status)
  {
    const rabbitmq::Message message{.body = scaling::render_status(status),
                                    .message_id = status.request};
    const auto deadline = Deadline::in(k_brief);
    const auto stop = context_.stop();
    try {
      retry_until(deadline, stop, {}, [&] {
        try {
          auto& broker = context_.services().broker(deadline, stop);
          broker.publish(
              scaling::k_status_queue, std::span{&message, 1}, 1,
              [](std::size_t, rabbitmq::PublishOutcome) {}, deadline, stop);
          if (!reply_to.empty()) {
            broker.publish_transient("", reply_to, message, deadline, stop);
          }
        } catch (const Error&) {
          context_.services().forget();
          throw;
        }
      });
    } catch (const Error& error) {
      warn(bench_.reporter, fmt::format("cannot tell that request {} is {}: {}", status.request,
                                        status.state, error.what()));
    }
  }

  DutyBench bench_;
  Context& context_;
  std::unique_ptr<deployment::Index> claim_;
  std::unique_ptr<rabbitmq::Broker> broker_;
};

}  // namespace

std::unique_ptr<Duty> make_deploy_duty(const DutyBench& bench)
{
  return std::make_unique<DeployDuty>(bench);
}

}  // namespace pecanctl::cli
