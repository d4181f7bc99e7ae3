#include "transport/dial/tunnel_handshake.hpp"

namespace tacet {

Result<std::size_t> TunnelHandshake::take(Bytes octets) {
  std::size_t taken = 0;
  for (; taken < octets.size() && !is_done_; ++taken)
    if (Result<void> step = on_octet(octets[taken]); !step) return fail(std::move(step.error()));
  return taken;
}

std::unique_ptr<TunnelHandshake> tunnel_handshake(const TunnelRequest& request) {
  return request.proxy.kind == ProxyKind::http ? connect_handshake(request) : socks5_handshake(request);
}

}  // namespace tacet
