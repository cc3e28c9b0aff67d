// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "core/postgres/database.hpp"

// Private to this folder: what both sessions, libpqxx's and libpq's, say to libpq and make of its
// errors.
namespace pecanctl::postgres {

/// Keywords and values for libpq, in its order. Holds the password: never print it.
std::vector<std::pair<std::string, std::string>> connection_options(const Endpoint& endpoint,
                                                                    const Deadline& deadline);

/// "database 'bety' at 127.0.0.1:5432", for messages.
std::string describe(const Endpoint& endpoint);

/// What an SQLSTATE means to a caller. Source: PostgreSQL manual, appendix A.
ErrorCode code_of(std::string_view sqlstate);

/// An Error from what the server said. Its excerpt of the statement ("LINE 1: …") is dropped:
/// statements may hold passwords. `sqlstate` may be empty where the library lost it.
Error server_error(const Endpoint& endpoint, std::string_view message, std::string_view sqlstate,
                   ErrorCode code);

}  // namespace pecanctl::postgres
