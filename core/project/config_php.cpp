// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/config_php.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace pecanctl::project {
namespace {

using config::Node;
using config::NodeKind;

constexpr std::string_view k_begin_mark = "# >>> pecanctl: from pecan.yml; edits in here are lost";
constexpr std::string_view k_end_mark = "# <<< pecanctl";

constexpr std::string_view k_settings = R"php(
# The database BETY
$db_bety_type="pgsql";
$db_bety_hostname=getenv('PGHOST', true) ?: "postgres";
$db_bety_port=getenv('PGPORT', true) ?: 5432;
$db_bety_username=getenv('BETYUSER', true) ?: "bety";
$db_bety_password=getenv('BETYPASSWORD', true) ?: "bety";
$db_bety_database=getenv('BETYDATABASE', true) ?: "bety";

# The database FIA: none
$db_fia_type="pgsql";
$db_fia_hostname="";
$db_fia_username="";
$db_fia_password="";
$db_fia_database="";

$Rbinary="/usr/bin/R";
$R_library_path="/usr/local/lib/R/site-library";
$SSHtunnel=dirname(__FILE__) . DIRECTORY_SEPARATOR . "sshtunnel.sh";
$api_url="/api/";
$betydb="/bety";
$output_folder="/data/workflows";
$dbfiles_folder="/data/dbfiles";

# Who may do what: 4 viewer, 3 creator, 2 manager, 1 administrator
$authentication=false;
$min_run_level=2;
$min_delete_level=2;
$REST_AUTH_SITE_KEY=getenv('SECRET_KEY_BASE', true) ?: "thisisnotasecret";
$REST_AUTH_DIGEST_STRETCHES =10;
$anonymous_level = 99;
$anonymous_page = 99;

$pagesize = 30;
$logfile = "/data/betydb.log";

# The exchange between sites of 2017
$server_url="";
$client_sceret="";
$server_auth_token="";

# This machine, and the others that a run may be sent to
$name = getenv('NAME', true) ?: "docker";
$fqdn = getenv('FQDN', true) ?: "docker";
)php";

std::string quote_php(std::string_view text)
{
  std::string result = "'";
  for (const char letter : text) {
    result += letter == '\'' || letter == '\\' ? "\\" : "";
    result += letter;
  }
  return result + '\'';
}

// A value of pecan.yml as PHP has it.
std::string render_value(const Node& node, std::size_t indent)
{
  if (node.kind != NodeKind::map && node.kind != NodeKind::list) {
    return quote_php(node.scalar);
  }
  const std::string margin(indent + 2, ' ');
  std::string result = "array(";
  for (const auto& child : node.children) {
    const auto key = node.kind == NodeKind::map ? quote_php(child.key) + " => " : std::string{};
    result += fmt::format("{}\n{}{}{}", &child == &node.children.front() ? "" : ",", margin, key,
                          render_value(child, indent + 2));
  }
  return result + ")";
}

}  // namespace

std::string render_config_php(const Node& hosts)
{
  std::string text{k_settings.substr(1)};
  text += R"php($hostlist=array(
  $fqdn => array(
    "displayname" => $name,
    "rabbitmq_uri" => getenv('RABBITMQ_URI', true),
    "rabbitmq_queue" => "pecan"))php";
  for (const auto& host : hosts.children) {
    text += fmt::format(",\n  {} => {}", quote_php(host.key), render_value(host, 2));
  }
  return text + ");\n";
}

std::string merge_config_php(std::string_view existing, std::string_view generated)
{
  const auto section = fmt::format("{}\n{}{}", k_begin_mark, generated, k_end_mark);
  if (existing.empty()) {
    return fmt::format(
        "<?php\n\n{}\n\n# What you add below is kept, and comes after what is above.\n", section);
  }
  const auto begin = existing.find(k_begin_mark);
  const auto end = begin == std::string_view::npos ? begin : existing.find(k_end_mark, begin);
  if (end == std::string_view::npos) {
    throw Error{{.code = ErrorCode::invalid,
                 .what = "cannot use config.php beside pecan.yml",
                 .why = "a mark of the part that pecanctl writes is missing",
                 .hint = fmt::format("put the lines `{}` and `{}` into it, or move it away",
                                     k_begin_mark, k_end_mark)}};
  }
  return fmt::format("{}{}{}", existing.substr(0, begin), section,
                     existing.substr(end + k_end_mark.size()));
}

}  // namespace pecanctl::project
