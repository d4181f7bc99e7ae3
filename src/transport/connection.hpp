#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "base/descriptor.hpp"
#include "tacet/instant.hpp"
#include "tacet/message.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// The number by which a channel matches an answer to its query. It is never reused while the connection lives.
using Tag = std::uint64_t;

/// One encrypted connection to one address of an upstream, over a socket that has been connected already. It moves
/// octets and matches answers. Its owner (a Channel) decides whether to wait, retire or retry.
class Connection {
public:
  /// The events that a connection tells its owner. No call comes from inside send(), nor after on_closed(), nor after
  /// the connection's destruction; the connection may be destroyed inside any of them.
  class Owner {
  public:
    virtual ~Owner() = default;
    /// The handshake is over and the peer has proved its identity; facts() is complete. At most once, before any
    /// answer.
    virtual void on_established() = 0;
    /// Octets have arrived, of whatever kind: the path is alive.
    virtual void on_received() = 0;
    /// An answer whose question equals the query's; or the fault of this one exchange (mismatched, malformed, protocol)
    /// while the connection goes on.
    virtual void on_answer(Tag tag, Result<Message> answer) = 0;
    /// The server will allow few further queries on this connection, so a successor should be opened; meanwhile queries
    /// may still be sent. At most once.
    virtual void on_spent() {}
    /// The connection is over and brings no further answer. Fault::cancelled: the peer closed it properly (FIN,
    /// close_notify, GOAWAY), as servers do with idle connections. Else tls_untrusted, protocol, unreachable.
    virtual void on_closed(Error why) = 0;
  };

  virtual ~Connection() = default;

  /// Takes a query (its ID is replaced) and writes it no later than at the end of the present turn of the loop. Before
  /// the handshake is over it is kept.
  virtual void send(Tag tag, const Message& query) = 0;

  /// Sends the protocol's goodbye (close_notify), if it has one. Call it before you destroy an idle connection.
  virtual void close() = 0;

  /// Complete once on_established() was called; never null.
  virtual std::shared_ptr<const ConnectionFacts> facts() const = 0;

  /// How long the server lets an idle connection live, if it said so (RFC 7828).
  virtual std::optional<Duration> idle_limit() const = 0;

  /// How long the kernel has held data that the peer has not acknowledged; zero if it holds none or cannot say.
  virtual Duration unacknowledged() const = 0;
};

}  // namespace tacet
