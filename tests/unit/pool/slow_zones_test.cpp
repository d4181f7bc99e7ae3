#include "pool/slow_zones.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tacet;
using namespace std::chrono_literals;

namespace {

constexpr Instant start{24h};

Name name_of(const char* text) { return Name::from_text(text).value(); }

using Pace = SlowZones::Pace;

}  // namespace

TEST_CASE("One slow name makes an unknown zone slow, three fast ones make it fast") {
  SlowZones zones;
  const Name slow = name_of("a.slow.example.net"), fast = name_of("a.fast.example.net");
  CHECK(zones.of(slow, start) == Pace::unknown);
  zones.note(slow, false, start);
  CHECK(zones.of(slow, start) == Pace::slow);
  for (int i = 0; i < 2; ++i) zones.note(fast, true, start);
  CHECK(zones.of(fast, start) == Pace::unknown);
  zones.note(fast, true, start);
  CHECK(zones.of(fast, start) == Pace::fast);
}

TEST_CASE("One slow name of a fast zone takes its good name for three answers, two make it slow") {
  SlowZones zones;
  const Name name = name_of("a.zone.example");
  for (int i = 0; i < 50; ++i) zones.note(name, true, start);
  zones.note(name, false, start);
  CHECK(zones.of(name, start) == Pace::unknown);
  for (int i = 0; i < 3; ++i) zones.note(name, true, start);
  CHECK(zones.of(name, start) == Pace::fast);
  for (int i = 0; i < 2; ++i) zones.note(name, false, start);
  CHECK(zones.of(name, start) == Pace::slow);
}

TEST_CASE("Names share a zone without their first label, at most three labels of it, in any case") {
  SlowZones zones;
  zones.note(name_of("a.b.Zone.Example"), false, start);
  CHECK(zones.of(name_of("c.B.zone.example"), start) == Pace::slow);
  CHECK(zones.of(name_of("x.y.c.b.zone.example"), start) == Pace::slow);
  CHECK(zones.of(name_of("b.zone.example"), start) == Pace::unknown);
  CHECK(zones.of(name_of("a.c.zone.example"), start) == Pace::unknown);
  zones.note(name_of("www.example.com"), false, start);
  CHECK(zones.of(name_of("example.com"), start) == Pace::slow);
  CHECK(zones.of(name_of("other.com"), start) == Pace::unknown);
  zones.note(Name{}, false, start);
  CHECK(zones.of(Name{}, start) == Pace::slow);
  CHECK(zones.of(name_of("com"), start) == Pace::unknown);
}

TEST_CASE("What was not told again for ten minutes is forgotten") {
  SlowZones zones;
  const Name name = name_of("a.zone.example");
  zones.note(name, false, start);
  CHECK(zones.of(name, start + 599s) == Pace::slow);
  CHECK(zones.of(name, start + 600s) == Pace::unknown);
  zones.note(name, true, start + 600s);
  CHECK(zones.of(name, start + 600s) == Pace::unknown);
}

TEST_CASE("A hundred thousand zones take no more room than one, and the last ones are known") {
  SlowZones zones;
  for (int i = 0; i < 100000; ++i)
    zones.note(name_of(("www.z" + std::to_string(i) + ".example").c_str()), false, start);
  CHECK(zones.of(name_of("www.z99999.example"), start) == Pace::slow);
  CHECK(sizeof zones <= 32768);
}
