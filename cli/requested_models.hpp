// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/deployment/index.hpp"
#include "core/scaling/record.hpp"
#include "core/scaling/request.hpp"

namespace pecanctl::cli {

class Context;

/// Whether this is the instance's own broker: one of the names of this machine (or "rabbitmq", its
/// name among the containers) and a port at which it answers. Credentials are not asked for.
bool is_own_broker(const scaling::BrokerIdentity& broker, Context& context);

/// The names in pecan.yml of what a request is about. @throws Error invalid
std::vector<std::string> requested_keys(const scaling::Request& request, Context& context);

/// `text`, the pecan.yml of the context, as the request wants it; the same text when it says all
/// that already. @throws Error invalid when that would be no pecan.yml, and for what cannot be
std::string apply_request(const scaling::Request& request, std::string_view text, Context& context);

/// Whether an image of these models is built when they are deployed.
bool needs_build(const std::vector<std::string>& keys, Context& context);
int count_running(const std::vector<std::string>& keys, Context& context);
/// Removes the queues of models that are no more, also with jobs in them.
void remove_queues(const scaling::Request& request, Context& context);
void set_pauses(const std::vector<std::string>& keys, scaling::Pause pause, const std::string& by,
                deployment::Index& index, Context& context);

}  // namespace pecanctl::cli
