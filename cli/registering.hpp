// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/registration/ledger.hpp"

namespace pecanctl::deployment {
class Index;
}

namespace pecanctl::cli {

class Context;

/// How long registering may take, unless --timeout says otherwise.
inline constexpr std::chrono::minutes k_register_deadline{2};

struct RegisterSiteFlags {
  std::string id = {};  ///< as typed; empty: pecan.yml's
  std::string url = {};
  std::string contact = {};
  bool is_release = false;
  bool takes_over = false;
  bool rotates_key = false;
  bool rotates_token = false;
};

struct RegisterModelFlags {
  std::string target = {};  ///< a file, or an image
  bool is_announced = false;
};

void run_register_site(const RegisterSiteFlags& flags, Context& context);
void run_register_model(const RegisterModelFlags& flags, Context& context);

/// Consul, written under the claim of `index`.
registration::Ledger fenced_ledger(deployment::Index& index);

/// What is about to change, or did: a line each, and with --json one `registration` record.
struct RegistrationReport {
  std::string kind = {};  ///< site, model
  std::string subject = {};
  std::string host = {};
  std::vector<std::string> changes = {};
};

void show(Context& context, const RegistrationReport& report);

/// For -n and --check: shows it. @throws Error finding with --check, when there are changes.
void show_only(Context& context, const RegistrationReport& report);

}  // namespace pecanctl::cli
