#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tacet/config.hpp"
#include "tacet/message.hpp"
#include "tacet/result.hpp"
#include "transport/dial/dial_target.hpp"

namespace tacet {

/// What a proxy is asked for.
struct TunnelRequest {
  ProxyConfig proxy;
  DialTarget target;
  std::string isolation;  ///< the user name for a SOCKS proxy if none is configured: Tor keeps such streams apart
};

/// The talk with a proxy before it carries our octets. Pure: octets in, octets out. It takes no octet that belongs to
/// the tunnelled connection.
class TunnelHandshake {
public:
  virtual ~TunnelHandshake() = default;

  /// The octets to send now, once.
  std::vector<std::uint8_t> take_output() { return std::exchange(output_, {}); }
  /// Takes octets of the proxy, and returns how many of them belong to the handshake: all, unless it is done. Faults:
  /// invalid_config (the proxy wants other credentials), unreachable (it refuses or cannot connect), protocol (it is no
  /// such proxy). No words hold credentials.
  Result<std::size_t> take(Bytes octets);
  /// True once the tunnel is there.
  bool is_done() const { return is_done_; }

protected:
  /// Takes one octet. That is fast enough: a proxy sends a few hundred.
  virtual Result<void> on_octet(std::uint8_t octet) = 0;

  std::vector<std::uint8_t> output_;
  bool is_done_ = false;
};

/// SOCKS5 (RFC 1928, 1929) or HTTP CONNECT (RFC 9110 §9.3.6), as the proxy speaks. Pre: the proxy is used.
std::unique_ptr<TunnelHandshake> tunnel_handshake(const TunnelRequest& request);

std::unique_ptr<TunnelHandshake> socks5_handshake(const TunnelRequest& request);
std::unique_ptr<TunnelHandshake> connect_handshake(const TunnelRequest& request);

}  // namespace tacet
