#include "transport/tls/split_greeting.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "support/tls_meeting.hpp"

using namespace tacet;
using namespace tacet::tls_test;

namespace {

using Octets = std::vector<std::uint8_t>;

Octets record(std::uint8_t type, Octets payload) {
  Octets out{type, 3, 1, static_cast<std::uint8_t>(payload.size() >> 8), static_cast<std::uint8_t>(payload.size())};
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

Octets joined(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

bool shows(Bytes octets, std::string_view text) { return !std::ranges::search(octets, text).empty(); }

}  // namespace

TEST_CASE("a greeting is cut inside the name, and both records together are the same message") {
  const Octets greeting{1, 0, 0, 14, 'x', 'x', 'x', 'd', 'n', 's', '.', 't', 'e', 's', 't', 'x', 'x', 'x'};
  const auto split = split_greeting(record(22, greeting), "dns.test");
  REQUIRE(split);
  CHECK(split->octets == joined(record(22, Octets(greeting.begin(), greeting.begin() + 11)),
                                record(22, Octets(greeting.begin() + 11, greeting.end()))));
  CHECK(split->head == 5 + 11);
}

TEST_CASE("a greeting without the name is cut in the middle") {
  const Octets greeting{1, 0, 0, 4, 9, 9, 9, 9};
  for (const char* name : {"dns.test", ""}) {
    const auto split = split_greeting(record(22, greeting), name);
    REQUIRE(split);
    CHECK(split->head == 5 + 4);
  }
}

TEST_CASE("records around a greeting stay as they are, and other octets are no greeting") {
  const Octets change_cipher_spec = record(20, {1}), greeting = record(22, {1, 0, 0, 2, 7, 7});
  const auto split = split_greeting(joined(joined(change_cipher_spec, greeting), change_cipher_spec), "");
  REQUIRE(split);
  CHECK(split->head == change_cipher_spec.size() + 5 + 3);
  CHECK(split->octets.size() == 2 * change_cipher_spec.size() + greeting.size() + 5);
  for (const Octets& other : {Octets{}, Octets{22, 3}, record(23, {1, 0, 0, 2, 7, 7}), record(22, {2, 0, 0, 2, 7, 7}),
                              record(22, {1, 0, 0, 0}), Octets{22, 3, 1, 0, 9, 1, 0, 0}})
    CHECK_FALSE(split_greeting(other, ""));
}

TEST_CASE("a stream that splits its greeting hands it out in two pieces, neither of which shows the name") {
  const TestAuthority authority;
  TlsClient client({"dns.test", false, Sni::send}, trust_in(authority));
  TestTlsServer server(authority.issue("DNS:dns.test"));
  TlsStream stream(client, here, Sni::send, HelloFraming::split);
  TestTlsPeer peer(server);
  const Bytes head = stream.pending();
  CHECK_FALSE(shows(head, "dns.test"));
  CHECK(shows(head, "dns."));
  peer.receive(head.first(3));
  stream.sent(3);
  peer.receive(stream.pending());
  stream.sent(stream.pending().size());
  CHECK_FALSE(shows(stream.pending(), "dns.test"));
  REQUIRE(talk(stream, peer));
  CHECK(stream.established());
  CHECK(peer.name_asked() == "dns.test");
}
