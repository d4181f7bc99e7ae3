#pragma once
#include <cstddef>
#include <functional>
#include <memory>

#include "listen/stream_queries.hpp"
#include "listen/stream_server.hpp"
#include "transport/tls/tls_server.hpp"

namespace tacet {

/// Serves DNS over HTTPS (RFC 8484) by HTTP/2 and HTTP/1.1, as ALPN chooses, at the path /dns-query. /healthz says that
/// the loop runs, /readyz whether queries can be answered. Clients have the same limits as those of a TcpListener; it
/// closes a client that is idle for a minute, or that takes ten seconds for one request.
class HttpsListener final : private StreamService {
public:
  static constexpr Duration idle_limit = std::chrono::seconds(60), partial_limit = std::chrono::seconds(5),
                            handshake_limit = std::chrono::seconds(10);

  struct Parts {
    ListenerContext context;
    std::function<bool()> is_ready;  ///< what /readyz tells
    std::shared_ptr<const TlsServer> tls;
    std::size_t client_limit;
  };
  HttpsListener(Parts parts, int socket);
  ~HttpsListener() override;

  /// As those of TcpListener.
  void judge_again(std::size_t limit);
  void use(std::shared_ptr<const TlsServer> tls) { parts_.tls = std::move(tls); }
  void stop() { server_.stop(); }

private:
  class Session;

  bool admits(const KernelAddress& client) override;
  bool is_front_end(const KernelAddress& peer) override { return parts_.context.admission.is_front_end(peer.storage); }
  std::unique_ptr<ByteStream> stream_of(Descriptor socket) override { return parts_.tls->accept(std::move(socket)); }
  std::unique_ptr<StreamSession> open(StreamClient& client) override;

  Parts parts_;
  StreamServer server_;
};

}  // namespace tacet
