// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
// What pecan.yml says of web pages and of other sites.
#include <doctest/doctest.h>

#include <string>

#include "core/project/instance_file.hpp"
#include "tests/support/diagnostics.hpp"
#include "tests/unit/project/fixture.hpp"

using namespace pecanctl;
using namespace std::chrono_literals;
using test::k_head;

namespace {

std::string web_mistakes_in(const std::string& text)
{
  return test::diagnostics_of([&] { test::parse(text); });
}

}  // namespace

TEST_CASE("parse_instance_file: which sites to pull from, and what is no site")
{
  const std::string base = "pecan: 1.8.0\nname: demo\nprofile: core\n";
  const auto sync =
      test::parse(
          base + "sync: { peers: [0, 2], urls: { 2: \"ftp://x/y\" }, trusted: [1], max_age: 3h }\n")
          .sync;
  CHECK(sync.peers == std::vector<std::int64_t>{0, 2});
  CHECK(sync.urls == std::map<std::int64_t, std::string>{{2, "ftp://x/y"}});
  CHECK(sync.trusted == std::vector<std::int64_t>{1});
  CHECK(sync.max_age == std::chrono::hours{3});
  const auto tokens =
      test::parse(base + "sync: { tokens: { 2: { file: secrets/two }, 3: { env: THREE } } }\n")
          .sync.tokens;
  CHECK(tokens.at(2).file.is_absolute());
  CHECK(tokens.at(2).file.filename() == "two");
  CHECK(tokens.at(3).variable == "THREE");
  CHECK(web_mistakes_in(base + "sync: { tokens: { 2: {}, x: { env: A } } }\n") ==
        "pecan.yml:4:19: tokens.2 needs `file` or `env`, one of them\npecan.yml:4:26: `x` is no "
        "site number\n");
  CHECK(web_mistakes_in(base +
                        "sync: { peers: [-1], urls: { x: \"http://a\", 2: \"file:///a\" } }\n") ==
        "pecan.yml:4:16: `-1` is no site number | write numbers from 0 to 9000000\n"
        "pecan.yml:4:30: `x` is no site number\n"
        "pecan.yml:4:48: `file:///a` must begin with http://, https:// or ftp://\n");
}

TEST_CASE("parse_instance_file: what the profile core has not")
{
  CHECK(
      web_mistakes_in(k_head + R"(http: { host: pecan.bu.edu, port: 8080, tls: { acme_email: a@b } }
services: { bety: { replicas: 2 }, rstudio: off }
hosts: { geo.bu.edu: { displayname: geo } }
secrets: { bety_key: { env: KEY } }
)") == "pecan.yml:4:29: the profile core has no `http.port` | write `profile: full`\n"
       "pecan.yml:4:41: the profile core has no `http.tls` | write `profile: full`\n"
       "pecan.yml:5:13: the profile core has no bety | write `profile: full`\n"
       "pecan.yml:5:36: the profile core has no rstudio | write `profile: full`\n"
       "pecan.yml:6:1: the profile core has no `hosts` | write `profile: full`\n"
       "pecan.yml:7:12: the profile core has no secret bety_key | write `profile: full`\n");
}

TEST_CASE("parse_instance_file: the profile full")
{
  const auto file = test::parse(R"(pecan: 1.8.0
name: demo
http: { host: pecan.bu.edu, port: 8080, tls: { cert: tls/crt, key: /etc/key, port: 8443 } }
services: { bety: { replicas: 2, memory: 3GiB }, rstudio: off }
hosts: { geo.bu.edu: { displayname: geo } }
secrets: { bety_key: { env: KEY } }
)");
  CHECK(file.profile == "full");
  CHECK(file.http.host == "pecan.bu.edu");
  CHECK(file.http.port == 8080);
  CHECK(file.http.tls_port == 8443);
  CHECK(file.http.certificate_file == "/srv/demo/tls/crt");
  CHECK(file.http.key_file == "/etc/key");
  CHECK(file.http.url("machine") == "https://pecan.bu.edu:8443");
  CHECK(file.services.at("bety").replicas == 2);
  CHECK(file.services.at("rstudio").is_off);
  CHECK(file.hosts.find_path("geo.bu.edu") == nullptr);  // a dot in a key is no path
  CHECK(file.hosts.children.at(0).key == "geo.bu.edu");
  CHECK(file.secrets.at("bety_key").variable == "KEY");
}

TEST_CASE("parse_instance_file: what cannot be in the profile full")
{
  CHECK(web_mistakes_in(R"(pecan: 1.8.0
name: demo
http: { tls: { cert: x } }
services: { traefik: { replicas: 2 }, bety: { port: 80 }, betty: off }
hosts: { "a b": {} }
models: { web: { image: x, type: W, version: 1 } }
)") == "pecan.yml:3:9: `http.tls` needs `acme_email`, or `cert` and `key`\n"
       "pecan.yml:4:34: only one traefik can run at a time\n"
       "pecan.yml:4:53: bety has no port of its own | the front proxy serves it: `http: {port: "
       "…}`\n"
       "pecan.yml:4:59: unknown service `betty` | did you mean `bety`?\n"
       "pecan.yml:5:10: `a b` is no host name\n"
       "pecan.yml:6:11: `web` is no name for a model | a standard service is called so\n");
  CHECK(web_mistakes_in("pecan: 1.8.0\nname: demo\nhttp: { tls: { acme_email: a@b } }\n") ==
        "pecan.yml:3:9: automatic certificates are for a name | write `http: {host: …}`\n");
}

TEST_CASE("parse_instance_file: site and host")
{
  const auto file = test::parse(k_head +
                                "http: { host: pecan.bu.edu }\nsite: { id: 7, url: "
                                "\"https://pecan.bu.edu/dump/bety.tar.gz\", contact: a@bu.edu }\n");
  CHECK(file.host == "pecan.bu.edu");
  CHECK(file.site.id == 7);
  CHECK(file.site.url == "https://pecan.bu.edu/dump/bety.tar.gz");
  CHECK(file.site.contact == "a@bu.edu");
  CHECK_FALSE(test::parse(k_head + "site: { id: auto }\n").site.id.has_value());
  CHECK_FALSE(test::parse(k_head).site.id.has_value());
}

TEST_CASE("parse_instance_file: all that is wrong with a site comes at once")
{
  CHECK(web_mistakes_in(
            k_head +
            "http: { host: \"a b\" }\nsite: { id: seven, url: bety.tar.gz, contact: me }\n") ==
        "pecan.yml:4:15: `a b` is no host name\n"
        "pecan.yml:5:13: `seven` is no site number | write auto, or a number from 0 to 9000000\n"
        "pecan.yml:5:25: `bety.tar.gz` must begin with http://, https:// or ftp://\n"
        "pecan.yml:5:47: `me` is no e-mail address\n");
}
