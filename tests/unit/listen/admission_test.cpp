#include "listen/admission.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <net/if.h>

#include <cstring>
#include <string>

using namespace std::chrono_literals;

namespace tacet {
namespace {

using Verdict = Admission::Verdict;

sockaddr_storage from(const std::string& address) {
  sockaddr_storage out{};
  if (address.find(':') == std::string::npos) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    REQUIRE(inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1);
    std::memcpy(&out, &v4, sizeof v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    const auto percent = address.find('%');
    if (percent != std::string::npos) v6.sin6_scope_id = static_cast<unsigned>(std::stoul(address.substr(percent + 1)));
    REQUIRE(inet_pton(AF_INET6, address.substr(0, percent).c_str(), &v6.sin6_addr) == 1);
    std::memcpy(&out, &v6, sizeof v6);
  }
  return out;
}

AddressOctets octets(const std::string& address) {
  AddressOctets out{};
  REQUIRE(inet_pton(AF_INET6, address.c_str(), out.data()) == 1);
  return out;
}

const std::vector<AddressPrefix> lan{{"192.168.1.0", 24}, {"fd00::", 8}};
constexpr Instant start{1000s};

/// How many of `count` queries at once are welcome.
int welcome(Admission& admission, const std::string& client, int count, Instant now) {
  int found = 0;
  for (int i = 0; i < count; ++i) found += admission.judge(from(client), now) == Verdict::allowed;
  return found;
}

}  // namespace

TEST_SUITE_BEGIN("admission");

TEST_CASE("this machine is always welcome, from all of its loopback addresses and at any rate") {
  Admission admission({}, {.rate = 1});
  for (const auto* client : {"127.0.0.1", "127.0.0.2", "127.255.0.9", "::1", "::ffff:127.0.0.3"}) {
    CHECK(welcome(admission, client, 5000, start) == 5000);
    CHECK(admission.allows(from(client)));
  }
}

TEST_CASE(
    "this machine is welcome from its own addresses too; those of IPv6, which a datagram can pretend, at a rate") {
  Admission admission({}, {.per_client = 2, .rate = 100});
  OwnNetwork network;
  network.add(octets("::ffff:192.168.1.2"), 120, 2);
  network.add(octets("fd00::2"), 64, 2);
  network.add(octets("fe80::2"), 64, 2);
  admission.use(network);
  for (const auto* client : {"192.168.1.2", "::ffff:192.168.1.2", "fd00::2", "fe80::2%2"}) {
    CHECK(admission.judge(from(client), start) == Verdict::allowed);
    CHECK(admission.allows(from(client)));
    CHECK(admission.asker(from(client)) == Asker::this_machine);
  }
  for (const auto* client : {"192.168.1.3", "fd00::3", "fe80::2%3"}) {
    CHECK(admission.judge(from(client), start) == Verdict::not_allowed);
    CHECK_FALSE(admission.allows(from(client)));
    CHECK(admission.asker(from(client)) == Asker::another_machine);
  }
  CHECK(welcome(admission, "192.168.1.2", 5000, start) == 5000);
  CHECK(welcome(admission, "fd00::2", 5000, start + 1h) == 101);
  std::vector<std::optional<Admission::Place>> places;
  for (int i = 0; i < 100; ++i) REQUIRE(places.emplace_back(admission.enter(from("192.168.1.2"))));
  for (int i = 0; i < 3; ++i) CHECK(places.emplace_back(admission.enter(from("fd00::2"))).has_value() == (i < 2));
  admission.use(Admission(lan, {.rate = 100}));  // a reload
  CHECK(welcome(admission, "192.168.1.2", 5000, start) == 5000);
  admission.use(OwnNetwork());  // the addresses have gone
  admission.use(Admission({}, {.rate = 100}));
  CHECK(admission.judge(from("192.168.1.2"), start) == Verdict::not_allowed);
  CHECK(admission.judge(from("fd00::2"), start) == Verdict::not_allowed);
}

TEST_CASE("a link-local prefix with an interface holds the clients of that link alone, if the interface is there") {
  const unsigned lo = ::if_nametoindex("lo");
  const auto on = [](const char* address, unsigned link) {
    sockaddr_storage client = from(address);
    reinterpret_cast<sockaddr_in6&>(client).sin6_scope_id = link;
    return client;
  };
  REQUIRE(lo != 0);
  for (const std::string& interface : {std::string("lo"), std::to_string(lo)}) {
    const Admission named({{IpAddress("fe80::").on(interface), 64}}, {});
    CHECK(named.allows(on("fe80::7", lo)));
    CHECK_FALSE(named.allows(on("fe80::7", lo + 1)));
    CHECK_FALSE(named.allows(on("fe81::7", lo)));
  }
  CHECK_FALSE(Admission({{"fe80::%no-such", 64}}, {}).allows(on("fe80::7", lo)));
  CHECK(Admission({{"fe80::", 10}}, {}).allows(on("fe80::7", lo + 1)));
}

TEST_CASE("others are not allowed unless a prefix holds them") {
  Admission nobody({}, {});
  Admission some(lan, {});
  for (const auto* client : {"192.168.1.7", "::ffff:192.168.1.7", "fd12::1"}) {
    CHECK(nobody.judge(from(client), start) == Verdict::not_allowed);
    CHECK_FALSE(nobody.allows(from(client)));
    CHECK(some.judge(from(client), start) == Verdict::allowed);
    CHECK(some.allows(from(client)));
  }
  for (const auto* client : {"192.168.2.7", "128.0.0.1", "126.255.255.255", "2001:db8::1", "::2", "::ffff:10.0.0.1"}) {
    CHECK(some.judge(from(client), start) == Verdict::not_allowed);
    CHECK_FALSE(some.allows(from(client)));
  }
}

TEST_CASE("a client may ask a second's worth at once, then at its rate, and rests by being silent") {
  Admission admission(lan, {.rate = 100});
  CHECK(welcome(admission, "192.168.1.7", 1000, start) == 101);
  CHECK(admission.judge(from("192.168.1.7"), start) == Verdict::rate_limited);
  CHECK(admission.judge(from("192.168.1.7"), start + admission.pace()) == Verdict::allowed);
  CHECK(welcome(admission, "192.168.1.7", 1000, start + 510ms) == 50);
  CHECK(welcome(admission, "192.168.1.7", 1000, start + 1h) == 101);
  CHECK(welcome(admission, "192.168.1.8", 1000, start) == 101);  // others are not held to account
}

TEST_CASE("an IPv6 client is its /64: it cannot have more by changing its address") {
  Admission admission(lan, {.rate = 10});
  int found = 0;
  for (int i = 0; i < 100; ++i) found += welcome(admission, "fd00:1:2:3::" + std::to_string(i + 1), 1, start);
  CHECK(found == 11);
  CHECK(welcome(admission, "fd00:1:2:4::1", 100, start) == 11);
}

TEST_CASE("an IPv6 client on a network of this machine is its address, and one beyond a router its /64") {
  Admission admission(lan, {.per_client = 2, .rate = 10});
  OwnNetwork network;
  network.add(octets("fd00:1:2:3::1"), 64, 2);
  network.add(octets("fe80::1"), 64, 2);
  network.add(octets("fe80::1"), 64, 3);
  admission.use(network);
  for (const auto* client : {"fd00:1:2:3::2", "fd00:1:2:3::3", "fd00:1:2:3:4::", "fd00:1:2:4::2"})
    CHECK(welcome(admission, client, 100, start) == 11);
  CHECK(welcome(admission, "fd00:1:2:4::3", 100, start) == 0);
  auto first = admission.enter(from("fd00:1:2:3::2")), second = admission.enter(from("fd00:1:2:3::2"));
  CHECK(second.has_value());
  CHECK_FALSE(admission.enter(from("fd00:1:2:3::2")).has_value());
  CHECK(admission.enter(from("fd00:1:2:3::3")).has_value());
  Admission links({{"fe80::", 10}}, {.rate = 10});
  links.use(network);
  CHECK(welcome(links, "fe80::9%2", 100, start) == 11);
  CHECK(welcome(links, "fe80::9%3", 100, start) == 11);  // another host
}

TEST_CASE("a host with all addresses of its network is bounded, and does not take from those that are known") {
  Admission admission(lan, {.pending = 100, .per_client = 2, .rate = 100});
  OwnNetwork network;
  network.add(octets("fd00:1:2:3::1"), 64, 2);
  admission.use(network);
  const auto at = [](unsigned number) {
    return "fd00:1:2:3::" + std::to_string(number / 1000) + ":" + std::to_string(number % 1000);
  };
  int welcome_newcomers = 0, put_off_neighbour = 0;
  for (unsigned i = 0; i < 50000; ++i) {  // ten seconds
    const Instant now = start + i * 200us;
    if (i % 5000 == 0) put_off_neighbour += admission.judge(from("fd00:1:2:3::2"), now) != Verdict::allowed;
    welcome_newcomers += admission.judge(from(at(i + 10000)), now) == Verdict::allowed;
  }
  const Instant end = start + 9999900us;
  CHECK(put_off_neighbour == 0);
  CHECK(welcome_newcomers <= static_cast<int>(Admission::newcomers + 10 * Admission::newcomers_per_second + 1));
  CHECK(admission.judge(from(at(7)), end) == Verdict::rate_limited);
  CHECK(admission.judge_connected(from(at(7)), end) == Verdict::allowed);  // it is who it says
  CHECK(admission.judge(from(at(7)), end) == Verdict::allowed);            // and is known now
  CHECK(admission.judge(from("192.168.1.7"), end) == Verdict::allowed);
  std::vector<Admission::Place> places;
  for (unsigned i = 2; i < 1000; ++i)
    if (auto place = admission.enter(from(at(i)))) places.push_back(*std::move(place));
  CHECK(places.size() == 50);  // half of what may wait
  CHECK(admission.enter(from("192.168.1.7")).has_value());
  CHECK(admission.enter(from("fd00:1:2:4::1")).has_value());
  admission.use(OwnNetwork());  // the network is another, and the queries come to their ends
  places.clear();
  admission.use(network);
  CHECK(admission.enter(from(at(7))).has_value());
}

TEST_CASE("rate 0 is any rate") {
  Admission admission(lan, {.rate = 0});
  CHECK(welcome(admission, "192.168.1.7", 100000, start) == 100000);
}

TEST_CASE("more clients than the table holds are still served, and none by another's account") {
  const std::vector<AddressPrefix> all{{"0.0.0.0", 0}};
  Admission admission(all, {.rate = 5});
  for (int i = 0; i < 20000; ++i) {
    const auto client =
        "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255);
    REQUIRE(admission.judge(from(client), start + i * 1ms) == Verdict::allowed);
  }
  // One that floods stays where it is, however many come by: it is the one whose bucket is emptiest.
  CHECK(welcome(admission, "11.0.0.1", 100, start + 30s) == 6);
  for (int i = 0; i < 20000; ++i)
    admission.judge(
        from("12." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255)),
        start + 30s);
  CHECK(welcome(admission, "11.0.0.1", 100, start + 30s) == 0);
}

TEST_CASE("a client has so many queries waiting and no more; a place is free again when its query is done") {
  Admission admission(lan, {.per_client = 2});
  auto first = admission.enter(from("192.168.1.7"));
  auto second = admission.enter(from("192.168.1.7"));
  CHECK(first.has_value());
  CHECK(second.has_value());
  CHECK_FALSE(admission.enter(from("192.168.1.7")).has_value());
  CHECK(admission.enter(from("192.168.1.8")).has_value());
  first.reset();
  CHECK(admission.enter(from("192.168.1.7")).has_value());
  std::vector<Admission::Place> places;
  for (int i = 0; i < 1000; ++i)
    places.push_back(*admission.enter(from("127.0.0.1")));  // this machine's are not counted
}

TEST_CASE("a reload changes who may ask, and forgives nothing") {
  Admission admission(lan, {.rate = 10});
  CHECK(welcome(admission, "192.168.1.7", 100, start) == 11);
  admission.use(Admission(lan, {.rate = 10}));
  CHECK(welcome(admission, "192.168.1.7", 100, start) == 0);
  admission.use(Admission({{"10.0.0.0", 8}}, {.rate = 10}));
  CHECK(admission.judge(from("192.168.1.7"), start) == Verdict::not_allowed);
  CHECK(admission.judge(from("10.0.0.1"), start) == Verdict::allowed);
}

TEST_SUITE_END();

}  // namespace tacet
