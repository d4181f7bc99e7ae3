#pragma once
#include <cstddef>
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

  /// /readyz tells what `context.is_ready` says.
  HttpsListener(const ListenerContext& context, int socket, std::size_t client_limit,
                std::shared_ptr<const TlsServer> tls);
  ~HttpsListener() override;

  /// As those of TcpListener.
  void judge_again(std::size_t limit);
  void use(std::shared_ptr<const TlsServer> tls) { tls_ = std::move(tls); }
  void stop() { server_.stop(); }
  bool has_clients() const { return server_.has_clients(); }

private:
  class Session;

  bool admits(const KernelAddress& client) override;
  bool is_front_end(const KernelAddress& peer) override { return context_.admission.is_front_end(peer.storage); }
  std::unique_ptr<ByteStream> stream_of(Descriptor socket) override { return tls_->accept(std::move(socket)); }
  std::unique_ptr<StreamSession> open(StreamClient& client) override;

  ListenerContext context_;
  std::shared_ptr<const TlsServer> tls_;
  StreamServer server_;
};

}  // namespace tacet
