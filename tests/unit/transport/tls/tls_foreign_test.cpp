#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/descriptor.hpp"
#include "support/tls_meeting.hpp"
#include "transport/tls/tls_buffer.hpp"

using namespace tacet;
using namespace tacet::tls_test;

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
