#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"
#include "tacet/task.hpp"

namespace tacet {

/// The addresses of a name and their TTL.
struct Addresses {
  std::vector<IpAddress> addresses;
  Duration ttl{};
};

/// One look-up of a name's IPv4 and IPv6 addresses by plain DNS (c-ares). It asks only the given servers and reads no
/// system file. Its destructor ends the look-up and closes its sockets.
class Lookup {
public:
  /// Sends the questions. `loop` must outlive it.
  Lookup(Loop& loop, const std::vector<SocketAddress>& servers, const std::string& name);
  ~Lookup();
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  /// Completes with at least one address. Faults: timeout, unreachable, protocol, system. Call once.
  Task<Result<Addresses>> wait(Instant deadline);

private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacet
