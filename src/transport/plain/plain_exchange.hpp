#pragma once
#include <utility>

#include "base/loop.hpp"
#include "tacet/task.hpp"
#include "transport/dial/socket.hpp"
#include "transport/plain/plain_query.hpp"

namespace tacet {

/// One query to a plain server and its answer, over sockets of its own.
class PlainExchange {
public:
  /// A server, and where queries to it leave this machine.
  struct Destination {
    KernelAddress server;
    ViaConfig via;
  };
  /// `loop` and `query` must outlive the tasks.
  PlainExchange(Loop& loop, Destination destination, const PlainQuery& query)
      : loop_(loop),
        destination_(std::move(destination)),
        query_(query) {}

  /// Asks by UDP, from a fresh port of the kernel's choice; the kernel accepts datagrams only from the server's address
  /// and port. Drops a datagram that does not belong to the query and waits on (RFC 5452 §9.1). Sends an unanswered
  /// query again 0.4 s later, then 0.8 s, and so on; with `with_opt`, twice with OPT and then without. After 2.8 s of
  /// silence it asks by TCP as well. Faults: timeout, unreachable (that port is closed), no_network, malformed,
  /// overloaded, system.
  Task<Result<PlainAnswer>> by_udp(bool with_opt, Instant deadline);

  /// Asks by TCP, once. Faults: the same, and protocol.
  Task<Result<PlainAnswer>> by_tcp(bool with_opt, Instant deadline);

private:
  Loop& loop_;
  Destination destination_;
  const PlainQuery& query_;
};

}  // namespace tacet
