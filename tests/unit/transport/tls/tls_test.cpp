#include "transport/tls/tls.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/tls_meeting.hpp"

using namespace tacet;
using namespace tacet::tls_test;

TEST_CASE("plaintext crosses both ways, and what was sent before the handshake waits for it") {
  const TestAuthority authority;
  TlsClient client({"dns.test", false, Sni::send}, trust_in(authority));
  TestTlsServer server(authority.issue("DNS:dns.test"));
  TlsStream stream(client, here);
  TestTlsPeer peer(server);
  const std::vector<std::uint8_t> early(40000, 7), reply{1, 2, 3};
  REQUIRE(stream.send(early));
  std::vector<std::uint8_t> to_client, to_server;
  REQUIRE(talk(stream, peer, to_client, to_server));
  CHECK(to_server == early);
  peer.send(reply);
  REQUIRE(talk(stream, peer, to_client, to_server));
  CHECK(to_client == reply);
  ConnectionFacts facts;
  stream.describe(facts);
  CHECK(facts.verified == "dns.test");
  CHECK(facts.sni == "dns.test");
  CHECK(peer.name_asked() == "dns.test");
  CHECK(facts.tls_version == "TLSv1.3");
  CHECK(facts.key_exchange.contains("X25519"));
  CHECK_FALSE(facts.resumed);
}

TEST_CASE("what the socket has not taken yet stays pending") {
  const TestAuthority authority;
  TlsClient client({"dns.test", false, Sni::send}, trust_in(authority));
  TlsStream stream(client, here);
  const std::vector<std::uint8_t> hello(stream.pending().begin(), stream.pending().end());
  REQUIRE(hello.size() > 100);
  stream.sent(60);
  CHECK(std::equal(hello.begin() + 60, hello.end(), stream.pending().begin(), stream.pending().end()));
  stream.sent(hello.size() - 60);
  CHECK(stream.pending().empty());
}

TEST_CASE("a server that cannot prove who it is is refused in words that name it and the reason") {
  const TestAuthority authority, stranger;
  const TlsIdentity name{"dns.test", false, Sni::send};
  const TlsIdentity address{"127.0.0.1", true, Sni::send};
  const auto check = [](const Error& error, const char* words) {
    CHECK(error.fault == Fault::tls_untrusted);
    CHECK(error.detail == std::string(words));
  };
  const Error expired = handshake_fault(authority, authority.issue("DNS:dns.test", -60), name);
  CHECK(expired.fault == Fault::tls_untrusted);
  CHECK(expired.detail.starts_with(
      "certificate of 127.0.0.1:853 has expired; check this machine's clock, which says 20"));
  check(handshake_fault(authority, authority.issue("DNS:other.test,DNS:more.test"), name),
        "certificate of 127.0.0.1:853 is not valid for the name dns.test (it is for other.test, more.test)");
  check(handshake_fault(authority, authority.issue("DNS:127.0.0.1,IP:127.0.0.2"), address),
        "certificate of 127.0.0.1:853 is not valid for the address 127.0.0.1 (it is for 127.0.0.1)");
  check(handshake_fault(authority, authority.issue(""), name),
        "certificate of 127.0.0.1:853 is not valid for the name dns.test (it is for no name: the one in its subject "
        "does not count)");
  const Error unknown = handshake_fault(authority, stranger.issue("DNS:dns.test"), name);
  CHECK(unknown.fault == Fault::tls_untrusted);
  CHECK(unknown.detail.starts_with("certificate of 127.0.0.1:853 is not trusted: "));
}

TEST_CASE("an address is checked as the one connected to, and never sent as SNI") {
  const TestAuthority authority;
  TlsClient client({"192.0.2.1", true, Sni::send}, trust_in(authority));
  TestTlsServer server(authority.issue("IP:192.0.2.2,IP:2001:db8::1"));
  Meeting v4(client, server, {"192.0.2.2", 853});
  CHECK(v4.facts.verified == "192.0.2.2");
  CHECK(v4.facts.sni.empty());
  CHECK(v4.peer.name_asked().empty());
  Meeting v6(client, server, {"2001:db8::1", 853});
  CHECK(v6.facts.verified == "2001:db8::1");
  TestTlsPeer peer(server);
  TlsStream stream(client, {"192.0.2.3", 853});
  CHECK_FALSE(talk(stream, peer));
}

TEST_CASE("a name can be verified without being sent") {
  const TestAuthority authority;
  TlsClient client({"dns.test", false, Sni::omit}, trust_in(authority));
  TestTlsServer server(authority.issue("DNS:dns.test"));
  Meeting meeting(client, server);
  CHECK(meeting.facts.verified == "dns.test");
  CHECK(meeting.facts.sni.empty());
  CHECK(meeting.peer.name_asked().empty());
}

TEST_CASE("one connection can withhold the name that the others send") {
  const TestAuthority authority;
  TlsClient client({"dns.test", false, Sni::send}, trust_in(authority));
  TestTlsServer server(authority.issue("DNS:dns.test"));
  TestTlsPeer peer(server);
  TlsStream stream(client, here, Sni::omit);
  REQUIRE(talk(stream, peer));
  ConnectionFacts facts;
  stream.describe(facts);
  CHECK(facts.verified == "dns.test");
  CHECK(facts.sni.empty());
  CHECK(peer.name_asked().empty());
  CHECK(Meeting(client, server).peer.name_asked() == "dns.test");
}

TEST_CASE("a server that insists on SNI is told from others") {
  const TestAuthority authority;
  TestTlsServer server(authority.issue("DNS:dns.test"));
  SSL_CTX_set_client_hello_cb(
      server.get(),
      [](SSL*, int* alert, void*) {
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_CLIENT_HELLO_ERROR;
      },
      nullptr);
  const auto refusal = [&](Sni sni) {
    TlsClient client({"dns.test", false, sni}, trust_in(authority));
    TlsStream stream(client, here);
    TestTlsPeer peer(server);
    const Result<void> outcome = talk(stream, peer);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().fault == Fault::protocol);
    return outcome.error().detail;
  };
  CHECK(refusal(Sni::omit) ==
        "127.0.0.1:853 refused the TLS handshake (alert unrecognized name): it insists on a name (SNI): name the "
        "upstream "
        "by its address, or let SNI be sent");
  CHECK(refusal(Sni::send) ==
        "127.0.0.1:853 refused the TLS handshake (alert unrecognized name): it does not know the name dns.test");
}

TEST_CASE("what is no TLS, and what is too old, is a broken protocol") {
  const TestAuthority authority;
  TlsClient client({"dns.test", false, Sni::send}, trust_in(authority));
  std::vector<std::uint8_t> plain;
  TlsStream stream(client, here);
  const std::string http = "HTTP/1.1 400 Bad Request\r\n\r\n";
  const Result<void> garbage = stream.receive({reinterpret_cast<const std::uint8_t*>(http.data()), http.size()}, plain);
  REQUIRE_FALSE(garbage);
  CHECK(garbage.error().fault == Fault::protocol);

  TestTlsServer old(authority.issue("DNS:dns.test"));
  SSL_CTX_set_min_proto_version(old.get(), TLS1_1_VERSION);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
  SSL_CTX_set_security_level(old.get(), 0);
  TestTlsPeer peer(old);
  TlsStream second(client, here);
  const Result<void> outcome = talk(second, peer);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().fault == Fault::protocol);
}

TEST_CASE("an orderly close is told from a broken connection") {
  const TestAuthority authority;
  TlsClient client({"dns.test", false, Sni::send}, trust_in(authority));
  TestTlsServer server(authority.issue("DNS:dns.test"));
  Meeting orderly(client, server);
  orderly.peer.send(std::vector<std::uint8_t>{5});
  orderly.peer.close();
  std::vector<std::uint8_t> plain, unused;
  const Result<void> closed = talk(orderly.stream, orderly.peer, plain, unused);
  REQUIRE_FALSE(closed);
  CHECK(closed.error().fault == Fault::cancelled);
  CHECK(plain == std::vector<std::uint8_t>{5});

  Meeting garbled(client, server);
  const std::vector<std::uint8_t> noise{0x17, 3,  3,  0,  20, 1,  2,  3,  4,  5,  6,  7, 8,
                                        9,    10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
  const Result<void> broken = garbled.stream.receive(noise, plain);
  REQUIRE_FALSE(broken);
  CHECK(broken.error().fault == Fault::protocol);
}

TEST_CASE("of TLS 1.2 only ephemeral key exchange with AEAD is spoken") {
  const TestAuthority authority;
  TlsClient client({"dns.test", false, Sni::send}, trust_in(authority));
  TestTlsServer server(authority.issue("DNS:dns.test"));
  SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
  for (const char* suite :
       {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"}) {
    SSL_CTX_set_cipher_list(server.get(), suite);
    client.forget_sessions();
    CHECK(Meeting(client, server).facts.tls_version == "TLSv1.2");
  }
  client.forget_sessions();
  SSL_CTX_set_cipher_list(server.get(), "ECDHE-ECDSA-AES128-SHA256");
  TestTlsPeer peer(server);
  TlsStream stream(client, here);
  const Result<void> outcome = talk(stream, peer);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().detail ==
        "127.0.0.1:853 refused the TLS handshake (alert handshake failure): it shares no cipher suite or key exchange "
        "group with us");
}
