// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "core/base/secret.hpp"

/// Ed25519 signatures. Source: RFC 8032. Keys and signatures are base64 of their raw bytes: 32 for
/// either half of a key, 64 for a signature.
namespace pecanctl {

/// A fresh private key.
Secret make_signing_key();

/// The public half of `key`. @throws Error invalid when it is no private key.
std::string public_half(const Secret& key);

/// @throws Error invalid when `key` is no private key.
std::string sign(const Secret& key, std::string_view message);

/// Whether the owner of `public_key` signed exactly `message`. False for what is no key or no
/// signature.
bool is_signed_by(std::string_view public_key, std::string_view message,
                  std::string_view signature);

}  // namespace pecanctl
