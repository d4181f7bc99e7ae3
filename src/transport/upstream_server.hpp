#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/loop.hpp"
#include "base/task_group.hpp"
#include "config/url.hpp"
#include "observe/greeting_outcome.hpp"
#include "observe/log_gates.hpp"
#include "tacet/config.hpp"
#include "transport/connection.hpp"
#include "transport/connection_quota.hpp"
#include "transport/dial/bootstrap.hpp"
#include "transport/dial/connector.hpp"
#include "transport/edns_memory.hpp"
#include "transport/http/doh_method.hpp"
#include "transport/pause_record.hpp"
#include "transport/tls/tls.hpp"

namespace tacet {

/// What one connection showed, with the way that it went.
struct GreetingSight {
  Rung way = Rung::configured;
  GreetingOutcome showed = GreetingOutcome::greeted;
  Instant connected{};                     ///< its TCP connection came up; now if it did not
  std::optional<SocketAddress> address{};  ///< nothing if no TCP connection came up, or by a name
};

/// Hears of the connections to upstream servers. Each function may be empty.
struct ConnectionEvents {
  /// For every connection, after its peer proved its identity.
  std::function<void(const UpstreamConfig&, const ConnectionFacts&)> on_established = {};
  /// For every connection, or try to connect, that failed by what the network may have done. Not for an operator's
  /// certificate that has expired.
  std::function<void(const UpstreamConfig&, const Error&)> on_failed = {};
  /// Gets the name of the server at this address, once for each connection, if the server tells it (RFC 5001). If it
  /// is empty, no query asks for it.
  std::function<void(const UpstreamConfig&, const std::string& address, const std::string& name)> on_named = {};
};

/// What an upstream server works with. The referenced objects must outlive it.
struct UpstreamServerContext {
  Loop& loop;
  TaskGroup& tasks;
  UpstreamConfig config;
  std::shared_ptr<TrustStore> trust;
  SocketBudget& budget;
  Bootstrap& bootstrap;
  ConnectionEvents events;
  /// Hears what each greeting showed. It may call take(). May be empty.
  std::function<void(const GreetingSight&)> on_greeting = {};
  std::shared_ptr<LogGates> gates = std::make_shared<LogGates>();
};

/// The parts that the channels of one upstream entry share: its addresses with what it learned of them, its TLS
/// sessions, and the making of connections. One per entry and worker.
class UpstreamServer {
public:
  explicit UpstreamServer(UpstreamServerContext context);

  const UpstreamServerContext& context() const { return context_; }
  const ConnectionEvents& events() const { return context_.events; }
  AddressBook& book() { return book_; }
  /// How connections are dialled now. The reference stays valid; the path may be replaced.
  const SharedDialPath& path() const { return path_; }

  /// Dials by this path from the next attempt on.
  void take(DialPath path) { path_ = std::make_shared<const DialPath>(std::move(path)); }
  /// The address to try first after the next change of the network; nothing if none is known to be good there.
  void expect(std::optional<SocketAddress> address) { expected_ = std::move(address); }
  /// A connection to `address` showed this; it may be told more than once of one connection.
  void saw(const GreetingSight& sight);

  /// True if an address has to be asked for before a connection can be made. A proxy takes the name instead.
  bool needs_lookup() const { return needs_bootstrap(context_.config) && book_.size() == 0; }
  /// Asks the bootstrap servers for the host's addresses and puts them into the book.
  Task<Result<void>> look_up();
  /// Does the same beside the connections if the known addresses are old or doubted: nobody waits for it.
  void renew_addresses();
  /// No address leads to the server: they are asked for again soon.
  void doubt_addresses();

  /// What a QUIC handshake with this upstream needs; null if it does not speak QUIC.
  TlsClient* quic_client() { return context_.config.encryption == Encryption::doq ? &tls_ : nullptr; }
  /// A DoT, DoH or DoQ connection over a connected socket.
  std::unique_ptr<Connection> connect(ConnectedSocket socket, Connection::Owner& owner);

  /// How long an idle connection of the channel with this number is kept if the server does not say.
  Duration idle_limit(std::size_t channel) const;
  /// What connections do after a pause; what it learns shortens idle_limit() in this network.
  PauseRecord& pauses() { return pauses_; }
  /// How many queries it answers on a connection, in this network.
  ConnectionQuota& quota() { return quota_; }
  /// It ended a connection under a lone query, and answered this query later: for a while it counts as a server that
  /// ends connections for reasons of its own.
  void ended_by_itself();
  bool ends_by_itself() const { return context_.loop.now() < ends_by_itself_until_; }
  /// The places of connections that carry a few queries each, because the server has a quota. They have a pace of their
  /// own, and take no place from other connections.
  SocketBudget& brief_budget() { return brief_budget_; }
  EdnsMemory& edns() { return edns_; }

  /// The network changed: forgets what it learned of addresses, and drops sessions, which would link us to the old
  /// network.
  void network_changed();

  /// True if the network can have caused this failure of a connection.
  bool may_be_interference(const Error& error) const {
    return error.fault != Fault::tls_untrusted || !tls_.refused_only_time();
  }

  /// A channel's connection fails. True if the log may say so.
  bool may_say_failing();
  /// A channel brought an answer. True if the log has said last that this upstream fails.
  bool works_again();

private:
  Task<void> renew();

  UpstreamServerContext context_;
  AddressBook book_;
  SharedDialPath path_;
  TlsClient tls_;
  DohMethodState doh_method_state_;
  log::RateLimit stray_answers_;
  std::optional<SocketAddress> expected_;
  PauseRecord pauses_;
  ConnectionQuota quota_;
  Instant ends_by_itself_until_{};
  SocketBudget brief_budget_;
  EdnsMemory edns_;
  bool is_failing_ = false;
  bool renews_ = false;
};

}  // namespace tacet
