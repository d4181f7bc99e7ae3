#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tacet/instant.hpp"
#include "tacet/message.hpp"
#include "tacet/result.hpp"
#include "tacet/task.hpp"

namespace tacet {

/// The protocol by which an upstream was asked. UDP and TCP are plain DNS, for zones of the local network.
enum class Transport : std::uint8_t { udp, tcp, dot, doh, doq };
/// "DoT", "DoH", "DoQ", "UDP", "TCP".
std::string_view to_string(Transport transport);

/// The ways to an upstream past a block, the least change first. All of them are encrypted and verified alike.
enum class Rung : std::uint8_t {
  configured,
  other_transport,  ///< the operator's other service, at the same addresses
  no_name,          ///< the greeting does not carry the server's name
  split_greeting,   ///< the greeting stands in two TLS records and two segments
  proxy,            ///< by the proxy that is kept for blocked networks
};
/// "configured", "other-transport", "no-sni", "split-greeting", "proxy".
std::string_view to_string(Rung rung);

/// What one connection shows an upstream of us, and what it proves to us; fixed once its handshake is over.
struct ConnectionFacts {
  Transport transport = Transport::doh;
  std::string address;       ///< "1.1.1.1:443" or "[2606:4700::1111]:853"
  std::string sni;           ///< the name sent in clear in the ClientHello; empty if none was sent
  std::string verified;      ///< the name or address for which the certificate was checked; empty if not encrypted
  std::string tls_version;   ///< "TLSv1.3"
  std::string key_exchange;  ///< the key-exchange group, e.g. "X25519"; empty if the library cannot say
  bool resumed = false;      ///< the TLS session was resumed
  std::string proxy;         ///< "socks5://127.0.0.1:1080"; empty if none carries the connection
  std::string interface;     ///< where it leaves this machine: "wg0"; empty if the system cannot say
  Duration
      connect_time{};  ///< from the first octet to a connection, with the proxy's share, before TLS; for QUIC with it
  Rung rung = Rung::configured;  ///< how far the connection is from what the configuration says
};

/// The record of one query answered by one upstream.
struct Exchange {
  std::string upstream;                          ///< Upstream::id() of the upstream that answered
  std::shared_ptr<const ConnectionFacts> facts;  ///< never null for an encrypted exchange
  Duration round_trip{};                         ///< from written to read
};

/// A response with a question equal to the query's, and how it came.
struct Response {
  Message message;
  Exchange exchange;
};

/// The present state of an upstream, for `tacet status`.
struct UpstreamState {
  bool warm = false;                             ///< a connection is up: a query leaves at once
  std::uint32_t outstanding = 0;                 ///< queries sent and not answered
  std::shared_ptr<const ConnectionFacts> facts;  ///< of the current or last connection; null before the first
  std::uint64_t connections = 0, resumptions = 0, answers = 0, failures = 0, reissued = 0;
  std::string last_error;  ///< words of the last failure; empty if there was none
};

/// A place that answers queries.
class Upstream {
public:
  virtual ~Upstream() = default;

  /// Stable and unique, for logs, metrics and status: the URL as configured, with "#2" behind it for a second
  /// connection.
  virtual std::string_view id() const = 0;

  /// Sends `query` (any ID, padded, with OPT) and returns a response to the same question by `deadline`. `query` must
  /// outlive the task. Destroying the task gives up the answer. Faults: timeout, unreachable, no_network,
  /// tls_untrusted, protocol, mismatched, malformed, overloaded.
  virtual Task<Result<Response>> exchange(const Message& query, Instant deadline) = 0;

  /// As exchange(), but asks these upstreams, by their id(), last: their answers to the question were of no use.
  /// `passed_over` is read before the first wait. An upstream that is no set has nobody else to ask.
  virtual Task<Result<Response>> exchange_elsewhere(const Message& query, Instant deadline,
                                                    [[maybe_unused]] std::span<const std::string> passed_over) {
    return exchange(query, deadline);
  }

  /// True if a connection is up: a query would leave at once.
  virtual bool warm() const = 0;

  /// True if the kernel waits for a lost segment: answers may be lost or held back. Asks the kernel.
  virtual bool held_up() const = 0;

  /// Opens a connection if there is none, so that a later query has one.
  virtual void prepare() = 0;

  /// A copy of the whole state: too slow for the path of a query.
  virtual UpstreamState state() const = 0;

  /// The network changed or the machine slept: uses no earlier connection again, and forgets back-off.
  virtual void network_changed() = 0;
};

}  // namespace tacet
