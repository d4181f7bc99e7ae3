#include "pool/ladder_memory.hpp"

#include <doctest/doctest.h>

using namespace tacet;
using std::chrono::hours;

TEST_CASE("a way is remembered for its network and server, for a day") {
  LadderMemory memory;
  const Instant now{hours(1)};
  memory.keep("home", "tls://a", {.way = Rung::no_name, .retry = now + hours(1)}, now);
  REQUIRE(memory.find("home", "tls://a", now));
  CHECK(memory.find("home", "tls://a", now)->way == Rung::no_name);
  CHECK(memory.find("home", "tls://a", now)->retry == now + hours(1));
  CHECK(memory.find("home", "tls://a", now + hours(23)));
  CHECK_FALSE(memory.find("home", "tls://a", now + hours(24)));
  CHECK_FALSE(memory.find("office", "tls://a", now));
  CHECK_FALSE(memory.find("home", "tls://b", now));
  memory.forget("home", "tls://a");
  CHECK_FALSE(memory.find("home", "tls://a", now));
}

TEST_CASE("nothing is kept of an unknown network, and the oldest entries make room") {
  LadderMemory memory;
  memory.keep("", "tls://a", {.way = Rung::no_name}, Instant());
  CHECK_FALSE(memory.find("", "tls://a", Instant()));
  for (unsigned i = 0; i <= LadderMemory::most; ++i)
    memory.keep("net" + std::to_string(i), "tls://a", {.way = Rung::no_name}, Instant(std::chrono::seconds(i)));
  CHECK_FALSE(memory.find("net0", "tls://a", Instant()));
  CHECK(memory.find("net1", "tls://a", Instant()));
}

TEST_CASE("the same words are said once a day of each network") {
  LadderMemory memory;
  const Instant now{hours(1)};
  CHECK(memory.is_new("home", "blocked", now));
  CHECK_FALSE(memory.is_new("home", "blocked", now));
  CHECK(memory.is_new("office", "blocked", now));
  CHECK(memory.is_new("home", "blocked otherwise", now));
  CHECK(memory.is_new("office", "blocked", now + hours(24)));
}

TEST_CASE("the address that worked last is remembered for its network and server") {
  LadderMemory memory;
  memory.keep_address("home", "tls://a", {"192.0.2.1", 853});
  memory.keep_address("home", "tls://a", {"2001:db8::1", 853});
  memory.keep_address("", "tls://a", {"192.0.2.1", 853});
  CHECK(memory.address("home", "tls://a") == SocketAddress{"2001:db8::1", 853});
  CHECK_FALSE(memory.address("home", "tls://b"));
  CHECK_FALSE(memory.address("", "tls://a"));
}
