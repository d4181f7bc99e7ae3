#include "pool/health.hpp"

#include <doctest/doctest.h>

using namespace tacet;
using namespace std::chrono_literals;

namespace {

const Instant start{24h};

}  // namespace

TEST_CASE("A server is good until it fails and again once it answers") {
  Health health;
  CHECK(health.good());
  CHECK(!health.probe_due(start));
  health.failed(start);
  CHECK(!health.good());
  health.succeeded();
  CHECK(health.good());
  CHECK(!health.probe_due(start + 1h));
}

TEST_CASE("A probe is due once per back-off, which grows to half a minute and no further") {
  Health health;
  Instant now = start;
  health.failed(now);
  CHECK(!health.probe_due(now + 999ms));
  CHECK(health.probe_due(now + 1s));
  CHECK(!health.probe_due(now + 1s));
  for (int i = 0; i < 100; ++i) health.failed(now += 1s);
  CHECK(!health.probe_due(now + 29s));
  CHECK(health.probe_due(now + 30s));
  CHECK(!health.probe_due(now + 59s));
  CHECK(health.probe_due(now + 60s));
}

TEST_CASE("A hundred queries that die with one connection are one failure") {
  Health health;
  for (int i = 0; i < 100; ++i) health.failed(start);
  CHECK(health.failures() == 1);
  CHECK(health.probe_due(start + 1s));
}
