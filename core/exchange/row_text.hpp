// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

/// How both ends of an exchange read rows: the text that is hashed, packed and compared.
namespace pecanctl::exchange {

/// Makes a session's text output the same on every server, and every name in it complete, until its
/// transaction ends. Hashes of buckets are over this text: a publisher and a peer that read their
/// rows in any other way would find all of them different.
inline constexpr std::string_view k_same_text = R"(
SET LOCAL search_path = '';
SET LOCAL TimeZone = 'UTC';
SET LOCAL DateStyle = 'ISO, MDY';
SET LOCAL IntervalStyle = 'postgres';
SET LOCAL bytea_output = 'hex';
SET LOCAL extra_float_digits = 3;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL jit = off)";

/// For the session that reads the rows of buckets: in the order of an index where there is one, and
/// what has to be sorted all the same, in memory.
inline constexpr std::string_view k_in_order = R"(
SET LOCAL enable_sort = off;
SET LOCAL work_mem = '64MB')";

/// The options of COPY that read and write the dialect of BETY's scripts.
inline constexpr std::string_view k_copy_options =
    R"(WITH (FORMAT csv, DELIMITER E'\t', NULL '\N', QUOTE '"', ESCAPE '\', ENCODING 'UTF8'))";

/// `name` as an identifier of SQL. Pure.
std::string quote_name(std::string_view name);

}  // namespace pecanctl::exchange
