#pragma once
#include <memory>
#include <string>
#include <vector>

#include "transport/dial/tunnel_handshake.hpp"

namespace tacet {

/// Makes a tunnel of a socket that is connected to a proxy.
class Tunnel {
public:
  explicit Tunnel(const TunnelRequest& request);

  /// Goes on as far as the socket allows. Leaves all octets behind the handshake in it. Faults: as TunnelHandshake's,
  /// and unreachable.
  Result<void> go_on(int descriptor);
  bool is_done() const { return handshake_->is_done(); }
  /// True if octets wait until the socket can be written.
  bool wants_write() const { return !pending_.empty(); }

private:
  Result<void> send(int descriptor);
  Result<bool> read(int descriptor);

  std::unique_ptr<TunnelHandshake> handshake_;
  std::vector<std::uint8_t> pending_;
};

/// A user name that no other race for a connection has, and that tells nothing.
std::string isolation_name();

}  // namespace tacet
