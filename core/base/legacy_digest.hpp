// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "core/base/secret.hpp"

namespace pecanctl {

/// SHA-1 as lower-case hexadecimal digits. Broken as a signature; only for what others chose.
std::string sha1_hex(std::string_view text);

/// How BETY keeps a password: ten times d = sha1("d--login--password--key"), from d = key on.
/// Source: BETY, script/betyuser.sh, where the salt is the login.
std::string bety_password_digest(std::string_view login, const Secret& password, const Secret& key);

}  // namespace pecanctl
