#include "transport/tls/tls.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/descriptor.hpp"
#include "support/tls_peer.hpp"
#include "transport/tls/tls_buffer.hpp"

using namespace tacet;

namespace {

const SocketAddress here{"127.0.0.1", 853};

std::shared_ptr<TrustStore> trust_in(const TestAuthority& authority) {
  Result<std::shared_ptr<TrustStore>> loaded = TrustStore::load(authority.file());
  REQUIRE(loaded);
  return *loaded;
}

/// Carries octets both ways until nobody has any; the client's fault, if it met one.
Result<void> talk(TlsStream& client, TestTlsPeer& server, std::vector<std::uint8_t>& to_client,
                  std::vector<std::uint8_t>& to_server) {
  for (;;) {
    const Bytes out = client.pending();
    const std::vector<std::uint8_t> got = server.receive(out);
    to_server.insert(to_server.end(), got.begin(), got.end());
    const bool moved = !out.empty();
    client.sent(out.size());
    const std::vector<std::uint8_t> back = server.take();
    if (!moved && back.empty()) return {};
    if (const Result<void> taken = client.receive(back, to_client); !taken) return taken;
  }
}

Result<void> talk(TlsStream& client, TestTlsPeer& server) {
  std::vector<std::uint8_t> to_client, to_server;
  return talk(client, server, to_client, to_server);
}

/// The fault of a handshake with a server that shows `issued`.
Error handshake_fault(const TestAuthority& trusted, const TestAuthority::Issued& issued, TlsIdentity identity) {
  TlsClient client(std::move(identity), trust_in(trusted));
  TestTlsServer server(issued);
  TlsStream stream(client, here);
  TestTlsPeer peer(server);
  const Result<void> outcome = talk(stream, peer);
  REQUIRE_FALSE(outcome);
  CHECK_FALSE(stream.established());
  return outcome.error();
}

struct Meeting {
  TestTlsPeer peer;
  TlsStream stream;
  ConnectionFacts facts;
  Meeting(TlsClient& client, TestTlsServer& server, const SocketAddress& at = here) : peer(server), stream(client, at) {
    REQUIRE(talk(stream, peer));
    REQUIRE(stream.established());
    stream.describe(facts);
  }
};

}  // namespace

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

TEST_CASE("a session is resumed per address, whether the server renews its tickets or not") {
  const TestAuthority authority;
  TlsClient client({"dns.test", false, Sni::send}, trust_in(authority));
  TestTlsServer server(authority.issue("DNS:dns.test"));
  SUBCASE("new tickets on every connection") {}
  SUBCASE("no ticket on a resumed connection") {
    SSL_CTX_set_session_ticket_cb(
        server.get(), [](SSL*, void*) { return 1; },
        [](SSL* ssl, SSL_SESSION*, const unsigned char*, std::size_t, SSL_TICKET_STATUS status, void*) {
          if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) return SSL_TICKET_RETURN_IGNORE_RENEW;
          SSL_set_num_tickets(ssl, 0);
          return SSL_TICKET_RETURN_USE;
        },
        nullptr);
  }
  CHECK_FALSE(Meeting(client, server).facts.resumed);
  for (int i = 0; i < 5; ++i) {
    const Meeting again(client, server);
    CHECK(again.facts.resumed);
    CHECK(again.peer.resumed());
    CHECK(again.facts.verified == "dns.test");
    CHECK(again.facts.sni == "dns.test");
  }
  CHECK_FALSE(Meeting(client, server, {"127.0.0.2", 853}).facts.resumed);
}

TEST_CASE("sessions are forgotten on request, also those of connections made before") {
  const TestAuthority authority;
  TlsClient client({"dns.test", false, Sni::send}, trust_in(authority));
  TestTlsServer server(authority.issue("DNS:dns.test"));
  Meeting old(client, server);
  client.forget_sessions();
  SSL_new_session_ticket(old.peer.get());
  old.peer.send(std::vector<std::uint8_t>{0});
  REQUIRE(talk(old.stream, old.peer));
  CHECK_FALSE(Meeting(client, server).facts.resumed);
  CHECK(Meeting(client, server).facts.resumed);
}

TEST_CASE("a bundle that has changed is read again, and ends resumption") {
  const TestAuthority authority, other;
  const std::shared_ptr<TrustStore> trust = trust_in(authority);
  TlsClient client({"dns.test", false, Sni::send}, trust);
  TestTlsServer server(authority.issue("DNS:dns.test"));
  CHECK_FALSE(Meeting(client, server).facts.resumed);
  trust->refresh();
  CHECK(trust->generation() == 0);
  CHECK(Meeting(client, server).facts.resumed);

  REQUIRE(::unlink(authority.file().c_str()) == 0);
  trust->refresh();  // a bundle that is gone for a moment changes nothing
  CHECK(trust->generation() == 0);
  CHECK(Meeting(client, server).facts.resumed);

  REQUIRE(::link(other.file().c_str(), authority.file().c_str()) == 0);
  trust->refresh();
  CHECK(trust->generation() == 1);
  TestTlsPeer peer(server);
  TlsStream stream(client, here);
  const Result<void> outcome = talk(stream, peer);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().fault == Fault::tls_untrusted);
}

TEST_CASE("a bundle without certificates is a fault that names it") {
  const Result<std::shared_ptr<TrustStore>> missing = TrustStore::load("/nonexistent/ca.pem");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().fault == Fault::invalid_config);
  CHECK(missing.error().detail ==
        "no certificate authorities in /nonexistent/ca.pem: the file cannot be read: No such file or directory");
  CHECK_FALSE(TrustStore::load("/dev/null"));
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

namespace {

/// A server of HTTP/2, or one that agrees to no protocol at all.
void agree_to_http2(TestTlsServer& server) {
  SSL_CTX_set_alpn_select_cb(
      server.get(),
      [](SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char*, unsigned, void*) {
        *chosen = reinterpret_cast<const unsigned char*>("h2");
        *size = 2;
        return SSL_TLSEXT_ERR_OK;
      },
      nullptr);
}

/// What a handshake of a library that makes its own SSL objects comes to; that library names "dns.test" in it. With
/// `is_cut`, the server closes the connection when it has the ClientHello.
Result<ConnectionFacts> foreign_handshake(TlsClient& client, TestTlsServer& server, bool is_cut = false) {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
  const Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  TlsBuffer buffer(ours.get());
  ForeignHandshake handshake(client, here, buffer);
  const std::unique_ptr<SSL_CTX, TestReleaser<SSL_CTX_free>> context(SSL_CTX_new(TLS_client_method()));
  REQUIRE(handshake.prepare(context.get()));
  const std::unique_ptr<SSL, TestReleaser<SSL_free>> ssl(SSL_new(context.get()));
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  char name[] = "dns.test";
  SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name);
  SSL_set_connect_state(ssl.get());
  TestTlsPeer peer(server);
  char octet = 0;
  for (int i = 0; i < 6; ++i) {
    ERR_clear_error();
    if (SSL_is_init_finished(ssl.get()) == 0) {
      SSL_connect(ssl.get());
    } else {
      SSL_read(ssl.get(), &octet, 1);
    }
    buffer.begin_turn();
    static_cast<void>(buffer.flush());
    std::vector<std::uint8_t> out(65536);
    out.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(theirs.get(), out.data(), out.size()))));
    peer.receive(out);
    if (is_cut) theirs = Descriptor();
    const std::vector<std::uint8_t> back = peer.take();
    if (!back.empty() && theirs)
      REQUIRE(::write(theirs.get(), back.data(), back.size()) == static_cast<ssize_t>(back.size()));
  }
  ERR_clear_error();
  if (handshake.is_under_way()) return fail(handshake.failure(false));
  if (client.identity().sni == Sni::omit) CHECK(peer.name_asked().empty());
  ConnectionFacts facts;
  if (Result<void> proved = handshake.finish(facts); !proved) return fail(proved.error());
  return facts;
}

}  // namespace

TEST_CASE("a foreign handshake gets our trust, our sessions and no SNI where none is wanted") {
  const TestAuthority authority;
  const std::shared_ptr<TrustStore> trust = trust_in(authority);
  TlsClient client({"dns.test", false, Sni::omit}, trust);
  TestTlsServer server(authority.issue("DNS:dns.test"));
  agree_to_http2(server);
  const ConnectionFacts first = foreign_handshake(client, server).value();
  CHECK(first.tls_version == "TLSv1.3");
  CHECK(first.verified == "dns.test");
  CHECK(first.sni.empty());
  CHECK_FALSE(first.resumed);
  CHECK(foreign_handshake(client, server)->resumed);
  CHECK(foreign_handshake(client, server)->resumed);
  client.forget_sessions();
  CHECK_FALSE(foreign_handshake(client, server)->resumed);
}

TEST_CASE("a foreign handshake fails in the words of our own") {
  const TestAuthority authority, stranger;
  const TlsIdentity name{"dns.test", false, Sni::send};
  const auto check = [&](const TestAuthority::Issued& issued) {
    TlsClient client(name, trust_in(authority));
    TestTlsServer server(issued);
    agree_to_http2(server);
    const Result<ConnectionFacts> met = foreign_handshake(client, server);
    REQUIRE_FALSE(met);
    const Error ours = handshake_fault(authority, issued, name);
    CHECK(met.error().fault == ours.fault);
    CHECK(met.error().detail == ours.detail);
  };
  check(authority.issue("DNS:dns.test", -60));
  check(authority.issue("DNS:other.test"));
  check(authority.issue("DNS:dns.test."));
  check(authority.issue(""));
  check(stranger.issue("DNS:dns.test"));
}

TEST_CASE("a foreign handshake that the server cuts off ended so, and is no breach of protocol") {
  const TestAuthority authority;
  TlsClient client({"dns.test", false, Sni::send}, trust_in(authority));
  TestTlsServer server(authority.issue("DNS:dns.test"));
  agree_to_http2(server);
  const Result<ConnectionFacts> met = foreign_handshake(client, server, true);
  REQUIRE_FALSE(met);
  CHECK(met.error().fault == Fault::unreachable);
  CHECK(met.error().detail == "127.0.0.1:853 closed the connection during the TLS handshake");
}

TEST_CASE("a server that does not agree to HTTP/2 is told before anything is sent") {
  const TestAuthority authority;
  TlsClient client({"dns.test", false, Sni::send}, trust_in(authority));
  TestTlsServer server(authority.issue("DNS:dns.test"));
  const Result<ConnectionFacts> met = foreign_handshake(client, server);
  REQUIRE_FALSE(met);
  CHECK(met.error().fault == Fault::protocol);
  CHECK(met.error().detail == "127.0.0.1:853 does not speak HTTP/2 there: it agrees to no protocol by ALPN");
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
