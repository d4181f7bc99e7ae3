/// A TLS client of ours and a server, each of which takes the other's octets at once.
#pragma once

#include <doctest/doctest.h>

#include "support/tls_peer.hpp"
#include "transport/tls/tls.hpp"

namespace tacet::tls_test {

inline const DialTarget here{"127.0.0.1", 853};

inline std::shared_ptr<TrustStore> trust_in(const TestAuthority& authority) {
  Result<std::shared_ptr<TrustStore>> loaded = TrustStore::load(authority.file());
  REQUIRE(loaded);
  return *loaded;
}

/// Carries octets both ways until nobody has any; the client's fault, if it met one.
inline Result<void> talk(TlsStream& client, TestTlsPeer& server, std::vector<std::uint8_t>& to_client,
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

inline Result<void> talk(TlsStream& client, TestTlsPeer& server) {
  std::vector<std::uint8_t> to_client, to_server;
  return talk(client, server, to_client, to_server);
}

/// The fault of a handshake with a server that shows `issued`.
inline Error handshake_fault(const TestAuthority& trusted, const TestAuthority::Issued& issued, TlsIdentity identity) {
  TlsClient client(std::move(identity), trust_in(trusted));
  TestTlsServer server(issued);
  TlsStream stream(client, here);
  TestTlsPeer peer(server);
  const Result<void> outcome = talk(stream, peer);
  REQUIRE_FALSE(outcome);
  CHECK_FALSE(stream.established());
  return outcome.error();
}

/// A handshake that succeeded.
struct Meeting {
  TestTlsPeer peer;
  TlsStream stream;
  ConnectionFacts facts;
  Meeting(TlsClient& client, TestTlsServer& server, const DialTarget& at = here) : peer(server), stream(client, at) {
    REQUIRE(talk(stream, peer));
    REQUIRE(stream.established());
    stream.describe(facts);
  }
};

}  // namespace tacet::tls_test
