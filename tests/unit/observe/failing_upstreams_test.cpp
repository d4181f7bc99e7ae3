#include "observe/failing_upstreams.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tacet;
using namespace std::chrono_literals;

namespace {

constexpr Instant start{24h};

std::string url(std::size_t number) { return "tls://192.0.2." + std::to_string(number); }

/// How many of `count` upstreams that fail at once the log may name.
std::size_t named_of(FailingUpstreams& failing, std::size_t count, Instant now) {
  std::size_t named = 0;
  for (std::size_t i = 0; i < count; ++i) named += failing.may_name(url(i), now) ? 1 : 0;
  return named;
}

}  // namespace

TEST_CASE("Of 39 upstreams that fail at once the log names eight, and is told once how many more there are") {
  FailingUpstreams failing;
  CHECK(named_of(failing, 39, start) == 8);
  CHECK(named_of(failing, 39, start + 1s) == 0);  // another worker finds the same
  CHECK(failing.take_unnamed() == 31);
  CHECK(failing.take_unnamed() == 0);
}

TEST_CASE("An upstream that was counted and fails again is counted once a minute") {
  FailingUpstreams failing;
  named_of(failing, 12, start);
  CHECK(failing.take_unnamed() == 4);
  named_of(failing, 12, start + 1s);
  CHECK(failing.take_unnamed() == 0);
  failing.works(url(11));
  named_of(failing, 12, start + 2s);
  CHECK(failing.take_unnamed() == 1);
  named_of(failing, 12, start + 60s);
  CHECK(failing.take_unnamed() == 4);
}

TEST_CASE("A failing upstream is named once a minute") {
  FailingUpstreams failing;
  CHECK(failing.may_name(url(1), start));
  CHECK(!failing.may_name(url(1), start + 59s));
  CHECK(failing.may_name(url(2), start + 59s));
  CHECK(failing.may_name(url(1), start + 60s));
  CHECK(failing.take_unnamed() == 0);
}

TEST_CASE("An upstream that worked in between is named again, and still no more than eight lines come in a minute") {
  FailingUpstreams failing;
  std::size_t named = 0;
  for (int i = 0; i < 20; ++i) {
    named += failing.may_name(url(1), start) ? 1 : 0;
    failing.works(url(1));
  }
  CHECK(named == 8);
  CHECK(failing.take_unnamed() == 0);
}

TEST_CASE("An upstream that answers again, or is named a minute later, is not among those that fail unnamed") {
  FailingUpstreams failing;
  named_of(failing, 11, start);
  failing.works(url(8));
  CHECK(failing.may_name(url(9), start + 60s));
  CHECK(failing.take_unnamed() == 1);
}

TEST_CASE("That an upstream works again is to be said once, and only of one that was named") {
  FailingUpstreams failing;
  named_of(failing, 9, start);
  CHECK(failing.works(url(0)));
  CHECK(!failing.works(url(0)));
  CHECK(!failing.works(url(8)));
}
