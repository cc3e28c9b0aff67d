// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "core/inspection/models.hpp"
#include "core/registration/announce.hpp"

using namespace pecanctl;

namespace {

const registration::ModelInfo k_sipnet = registration::parse_model_info(
    R"({"name":"SIPNET","type":"SIPNET","version":"git","binary":"/usr/local/bin/sipnet.git"})",
    "m");

}  // namespace

TEST_CASE("render_heartbeat: what PEcAn's model.py sends")
{
  CHECK(registration::render_heartbeat("u", "h", k_sipnet) ==
        R"({"id":"u","hostname":"h","queue":"SIPNET_git","model_info":)" + k_sipnet.json + "}");
}

TEST_CASE("hear: counts a worker once, and tells models apart")
{
  inspection::Models models;
  CHECK(inspection::hear(registration::render_heartbeat("1", "h", k_sipnet), models));
  CHECK(inspection::hear(registration::render_heartbeat("1", "h", k_sipnet), models));
  CHECK(inspection::hear(registration::render_heartbeat("2", "g", k_sipnet), models));
  CHECK(inspection::hear(R"({"id":"3","queue":"ED2_git"})", models));
  CHECK(models.size() == 2);
  CHECK(models.at("SIPNET_git").live.size() == 2);
  CHECK(models.at("SIPNET_git").hosts.size() == 2);
  CHECK(models.at("SIPNET_git").name == "SIPNET");
}

TEST_CASE("hear: what is no heartbeat is left out")
{
  inspection::Models models;
  for (const auto* body : {"", "7", "[]", "{}", R"({"id":1,"queue":"x"})",
                           R"({"id":"a","queue":7})", R"({"queue":"x","model_info":[]})"}) {
    CHECK_FALSE(inspection::hear(body, models));
  }
  CHECK(models.empty());
  CHECK(inspection::hear(R"({"id":"a","queue":"x","hostname":7,"model_info":null})", models));
}
