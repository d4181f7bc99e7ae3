#include <doctest/doctest.h>
#include <unistd.h>

#include "support/tls_meeting.hpp"

using namespace tacet;
using namespace tacet::tls_test;

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
