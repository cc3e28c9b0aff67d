// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
// PEcAn's web/setups/serversyncscript.php, as it was meant. Source: PEcAn pull request 1589.
#include "cli/agent_register.hpp"

#include <mutex>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/connections_health.hpp"
#include "cli/context.hpp"
#include "cli/registering.hpp"
#include "core/base/form.hpp"
#include "core/base/rate_limit.hpp"
#include "core/base/text.hpp"
#include "core/registration/admit_host.hpp"

namespace pecanctl::cli {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::string_view k_setup_path = "/pecan/setups/serversyncscript.php";
constexpr auto k_admission_patience = 10s;
// A site asks once in its life.
constexpr double k_burst = 20;
constexpr auto k_refill = 3s;
constexpr double k_cost_of_guess = 5;

std::string setup_error(std::string_view message)
{
  return json{{"status", "ERROR"}, {"errormessage", message}}.dump();
}

class RegisterDuty : public Duty {
 public:
  explicit RegisterDuty(const DutyBench& bench) : bench_{bench}, context_{bench.context}
  {
    const auto& address = context_.file().site.requests;
    if (address.empty()) {
      return;
    }
    token_ = project::find_site_secrets(context_.file()).token;
    if (token_.is_empty()) {
      throw Error{{.code = ErrorCode::not_found,
                   .what = "cannot let hosts ask for site numbers",
                   .why = "they would have no token to show: pecanctl register site makes "
                          "secrets/site_token"}};
    }
    context_.printer().redactor().add(token_);
    claim_ = context_.claim("registrar");
    std::string url;
    server_ = serve_form(
        address, std::string{k_setup_path}, [this](std::string_view body) { return answer(body); },
        url);
    note(bench_.reporter, fmt::format("hosts may ask for site numbers at {}", url));
  }

  bool pass() override { return false; }  // its server's threads do the work

 private:
  // On any thread; one at a time, for they share the connections.
  std::string answer(std::string_view body)
  {
    const std::scoped_lock lock{mutex_};
    if (!limit_.take(std::chrono::steady_clock::now())) {
      return setup_error("Too many requests, try again later");
    }
    const auto form = parse_form(body);
    const auto field = [&](std::string_view name) {
      const auto found = form ? form->find(name) : decltype(form->end()){};
      return !form || found == form->end() ? std::string{} : found->second;
    };
    if (!is_same_secret(token_, field("server_auth_token"))) {
      return refuse_guess("Invalid server_auth_token");
    }
    registration::HostRequest request{.host = field("fqdn"),
                                      .secret = Secret{field("client_sceret")}};
    if (!project::is_host_name(request.host)) {
      return setup_error("Invalid fqdn");
    }
    return admit(request);
  }

  std::string admit(const registration::HostRequest& request)
  {
    try {
      const auto deadline = Deadline::in(k_admission_patience);
      const auto database = context_.services().connect_database(deadline, context_.stop());
      const auto admission = registration::admit_host(request, fenced_ledger(*claim_), *database,
                                                      deadline, context_.stop());
      note(bench_.reporter,
           fmt::format("{} {} site {}", request.host,
                       admission.is_new ? "is now" : "asked again: it is", admission.id));
      return json{
          {"status", "OK"}, {"wantid", admission.id}, {"client_sceret", admission.secret.reveal()}}
          .dump();
    } catch (const Cancelled&) {
      return setup_error("The server is being stopped, try again later");
    } catch (const std::exception& error) {
      warn(bench_.reporter, fmt::format("no site number for {}: {}", request.host, error.what()));
      const auto* known = dynamic_cast<const Error*>(&error);
      return known != nullptr && known->code() == ErrorCode::denied &&
                     known->info().what == "Invalid client_sceret"
                 ? refuse_guess(known->info().what)
                 : setup_error("The server cannot register hosts now, try again later");
    }
  }

  std::string refuse_guess(std::string_view message)
  {
    limit_.charge(k_cost_of_guess);
    return setup_error(message);
  }

  DutyBench bench_;
  Context& context_;
  Secret token_;
  std::mutex mutex_;
  RateLimit limit_{k_burst, k_refill};
  std::unique_ptr<deployment::Index> claim_;
  std::shared_ptr<http::FormServer> server_;  // last: its threads use all the others
};

}  // namespace

std::unique_ptr<Duty> make_register_duty(const DutyBench& bench)
{
  return std::make_unique<RegisterDuty>(bench);
}

}  // namespace pecanctl::cli
