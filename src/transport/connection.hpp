#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "base/descriptor.hpp"
#include "tacet/instant.hpp"
#include "tacet/message.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// A number that a channel gives a query, to know its answer by; never reused while the connection lives.
using Tag = std::uint64_t;

/// One encrypted connection to one address of an upstream, over a socket that has been connected already. It moves
/// bytes and matches answers; whether to wait, retire or retry is decided by its owner (a Channel).
class Connection {
public:
  /// What a connection tells its owner. No call comes from inside send(), nor after on_closed(), nor after the
  /// connection's destruction; the connection may be destroyed inside any of them.
  class Owner {
  public:
    virtual ~Owner() = default;
    /// The handshake is over and the peer has proved who it is; facts() is complete. At most once, before any answer.
    virtual void on_established() = 0;
    /// Octets have arrived, of whatever kind: the path is alive.
    virtual void on_received() = 0;
    /// An answer whose question equals the query's; or the fault of this one exchange (mismatched, malformed, protocol)
    /// while the connection goes on.
    virtual void on_answer(Tag tag, Result<Message> answer) = 0;
    /// The connection is over; whatever is unanswered will stay so. Fault::cancelled: the peer closed it in an orderly
    /// way (FIN, close_notify, GOAWAY), as servers do with idle connections. Else tls_untrusted, protocol, unreachable.
    virtual void on_closed(Error why) = 0;
  };

  virtual ~Connection() = default;

  /// Takes a query (its ID is replaced) and writes it no later than at the end of the present turn of the loop. Before
  /// the handshake is over it is kept.
  virtual void send(Tag tag, const Message& query) = 0;

  /// Says goodbye in an orderly way where the protocol has one (close_notify) before an idle connection is destroyed.
  virtual void close() = 0;

  /// Complete once on_established() was called; never null.
  virtual std::shared_ptr<const ConnectionFacts> facts() const = 0;

  /// How long the server lets an idle connection live, if it said so (RFC 7828).
  virtual std::optional<Duration> idle_limit() const = 0;

  /// How long the kernel has held data that the peer has not acknowledged; zero if it holds none or cannot say.
  virtual Duration unacknowledged() const = 0;
};

}  // namespace tacet
