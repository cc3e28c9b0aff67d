// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "cli/context.hpp"
#include "cli/registering.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/fd.hpp"
#include "core/base/signing.hpp"
#include "core/publication/publish.hpp"
#include "core/registration/register_site.hpp"

namespace pecanctl::cli {
namespace {

using registration::SitePlan;
using registration::SiteWish;

constexpr std::string_view k_no_consul =
    "start it: pecanctl deploy. One machine alone needs no `register`: it is for exchanging BETY's "
    "data with other sites, which agree on numbers through one Consul";

// The secrets of a site, and which of them are not in their files yet.
struct PlannedSecrets {
  project::SiteSecrets secrets = {};
  bool is_key_new = false;
  bool is_token_new = false;
  std::string handover = {};  ///< the old key's word for the new one; empty: there was none
};

// An old key that is broken cannot speak for the new one: the peers have to be told.
std::string hand_over(const Secret& old_key, const Secret& new_key)
{
  try {
    return publication::make_handover(old_key, public_half(new_key));
  } catch (const Error&) {
    return {};
  }
}

PlannedSecrets plan_secrets(const RegisterSiteFlags& flags, Context& context)
{
  PlannedSecrets planned{.secrets = project::find_site_secrets(context.file())};
  auto& secrets = planned.secrets;
  planned.is_key_new = secrets.key.is_empty() || flags.rotates_key;
  planned.is_token_new = secrets.token.is_empty() || flags.rotates_token;
  if (planned.is_key_new) {
    const auto key = make_signing_key();
    planned.handover = hand_over(secrets.key, key);
    secrets.key = key;
  }
  secrets.token = planned.is_token_new ? random_secret() : secrets.token;
  context.printer().redactor().add(secrets.key);
  context.printer().redactor().add(secrets.token);
  return planned;
}

std::string public_key_of(const Secret& key)
{
  try {
    return public_half(key);
  } catch (const Error& error) {
    auto info = error.info();
    info.hint = "put back secrets/site_key from a backup, or make a new one with --rotate-key";
    throw Error{std::move(info)};
  }
}

std::string checked(std::string_view flag, const std::string& text, const std::string& why)
{
  if (!text.empty() && !why.empty()) {
    throw Error{{.code = ErrorCode::usage, .what = fmt::format("{} `{}` {}", flag, text, why)}};
  }
  return text;
}

SiteWish make_wish(const RegisterSiteFlags& flags, Context& context)
{
  const auto& settings = context.file().site;
  const auto identity = context.identity();
  const auto url = checked("--url", flags.url, project::explain_site_url(flags.url));
  const auto contact =
      checked("--contact", flags.contact, project::explain_site_contact(flags.contact));
  return {.id = flags.id.empty() ? settings.id : project::parse_site_id(flags.id),
          .owner = identity.owner,
          .instance = identity.instance,
          .host = context.host_name(),
          .url = url.empty() ? settings.url : url,
          .contact = contact.empty() ? settings.contact : contact,
          .takes_over = flags.takes_over};
}

RegistrationReport report_of(const SiteWish& wish, const SitePlan& plan,
                             const PlannedSecrets& planned)
{
  RegistrationReport report{.kind = "site",
                            .subject = std::to_string(plan.choice.id),
                            .host = wish.host,
                            .changes = describe(plan)};
  if (planned.is_key_new) {
    report.changes.emplace_back("+ make secrets/site_key");
  }
  if (planned.is_token_new) {
    report.changes.emplace_back("+ make secrets/site_token");
  }
  return report;
}

void write_secrets(const PlannedSecrets& planned, Context& context)
{
  if (planned.is_key_new) {
    if (!planned.handover.empty()) {  // first: with the old key it means nothing
      write_file_atomically(context.file().secrets_folder() / publication::k_handover_name,
                            planned.handover, 0600);
    }
    project::write_secret(context.file(), project::k_site_key_name, planned.secrets.key);
  }
  if (planned.is_token_new) {
    project::write_secret(context.file(), project::k_site_token_name, planned.secrets.token);
  }
  failpoint("register.secrets");
}

void warn_of_rows(const SitePlan& plan, Context& context)
{
  for (const auto site : plan.kept) {
    warn(context.reporter(),
         plan.claim || plan.machine
             ? fmt::format("rows of this database have ids of site {}: that number stays claimed",
                           site)
             : fmt::format("rows of this database keep their ids of site {}: whoever gets that "
                           "number next must not exchange data with this one",
                           site));
  }
}

std::string range_text(registration::SiteId site)
{
  const auto range = registration::range_of(site);
  return fmt::format("ids {} to {}", range.first, range.last);
}

void summarise(const RegistrationReport& report, const SitePlan& plan, Context& context)
{
  const auto site = plan.choice.id;
  context.printer().say(
      report.changes.empty()
          ? fmt::format("already site {}: {}, {}", site, report.host, range_text(site))
          : fmt::format("{} is site {}: {}", report.host, site, range_text(site)));
  context.printer().add_to_result("site", site);
  context.printer().add_to_result("changed", report.changes.size());
}

void release(const SiteWish& wish, Context& context)
{
  const auto deadline = context.deadline(k_register_deadline);
  auto& database = context.services().database(deadline, context.stop());
  const auto client = context.consul(std::string{k_no_consul});
  const auto looked =
      look_at_release(wish, {.client = *client}, database, deadline, context.stop());
  RegistrationReport report{.kind = "site",
                            .subject = std::to_string(looked.choice.id),
                            .host = wish.host,
                            .changes = describe(looked)};
  if (context.options().is_dry_run || context.options().is_check) {
    show_only(context, report);
    return;
  }
  if (!looked.is_empty()) {
    const auto index = context.index();
    const auto done = release_site(wish, fenced_ledger(*index), database, deadline, context.stop());
    report.changes = describe(done);
    warn_of_rows(done, context);
  }
  show(context, report);
  context.printer().say(report.changes.empty()
                            ? fmt::format("{} is no site", wish.host)
                            : fmt::format("site {} is given back", report.subject));
  context.printer().add_to_result("changed", report.changes.size());
}

void register_now(const RegisterSiteFlags& flags, SiteWish wish, Context& context)
{
  const auto deadline = context.deadline(k_register_deadline);
  const auto planned = plan_secrets(flags, context);
  wish.key = public_key_of(planned.secrets.key);
  const auto client = context.consul(std::string{k_no_consul});
  auto& database = context.services().database(deadline, context.stop());
  auto plan = look_at_site(wish, {.client = *client}, database, deadline, context.stop());
  auto report = report_of(wish, plan, planned);
  if (context.options().is_dry_run || context.options().is_check) {
    warn_of_rows(plan, context);
    show_only(context, report);
    return;
  }
  if (!report.changes.empty()) {
    const auto index = context.index();
    write_secrets(planned, context);
    plan = register_site(wish, fenced_ledger(*index), database, deadline, context.stop());
    report = report_of(wish, plan, planned);
  }
  warn_of_rows(plan, context);
  show(context, report);
  summarise(report, plan, context);
}

}  // namespace

void run_register_site(const RegisterSiteFlags& flags, Context& context)
{
  if (flags.is_release && (flags.rotates_key || flags.rotates_token || flags.takes_over ||
                           !flags.url.empty() || !flags.contact.empty())) {
    throw Error{{.code = ErrorCode::usage,
                 .what = "--release goes with --id alone",
                 .hint = "pecanctl register site --release"}};
  }
  auto wish = make_wish(flags, context);
  const bool is_looking = context.options().is_dry_run || context.options().is_check;
  const auto lock = is_looking ? nullptr : context.lock(wish.instance);
  if (flags.is_release) {
    wish.id =
        flags.id.empty() ? std::nullopt : wish.id;  // pecan.yml's number is no order to leave it
    release(wish, context);
  } else {
    register_now(flags, std::move(wish), context);
  }
}

}  // namespace pecanctl::cli
