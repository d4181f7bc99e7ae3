#pragma once
#include <cstddef>
#include <memory>

#include "listen/stream_queries.hpp"
#include "listen/stream_server.hpp"
#include "transport/tls/tls_server.hpp"

namespace tacet {

/// Serves DNS over TCP (RFC 7766) or over TLS (RFC 7858): many queries on a connection, each answered as soon as
/// possible, in any order. It closes a client that is idle for ten seconds (over TLS for a minute, because a new
/// connection costs more), leaves a message half-sent for five, or does not read its answers. Beyond the limit, a new
/// client replaces the longest idle one. It does not read for a while from a client with too many waiting queries, or
/// too many in a second. It closes at once a client that Admission does not allow. It tells the idle time to a client
/// that asks (RFC 7828).
class TcpListener final : private StreamService {
public:
  static constexpr Duration idle_limit = std::chrono::seconds(10), partial_limit = std::chrono::seconds(5);
  static constexpr Duration tls_idle_limit = std::chrono::seconds(60), handshake_limit = std::chrono::seconds(10);

  /// Null `tls`: plain TCP.
  TcpListener(const ListenerContext& context, int socket, std::size_t client_limit,
              std::shared_ptr<const TlsServer> tls = nullptr);
  ~TcpListener() override;

  /// Serves at most so many clients from now on, and none that Admission no longer allows. A client that has to go may
  /// ask nothing more and gets its answers. If there are too many, one that waits for no answer goes first.
  void judge_again(std::size_t limit);
  /// Later clients get this certificate. Not null; only with TLS.
  void use(std::shared_ptr<const TlsServer> tls) { tls_ = std::move(tls); }

  /// Accepts no further clients and reads no further queries; those that wait for an answer still get it.
  void stop() { server_.stop(); }
  /// Behind stop(): clients that wait for their answers, or have not read them.
  bool has_clients() const { return server_.has_clients(); }

private:
  class Session;

  bool admits(const KernelAddress& client) override;
  bool is_front_end(const KernelAddress& peer) override { return context_.admission.is_front_end(peer.storage); }
  std::unique_ptr<ByteStream> stream_of(Descriptor socket) override;
  std::unique_ptr<StreamSession> open(StreamClient& client) override;

  ListenerContext context_;
  std::shared_ptr<const TlsServer> tls_;
  StreamServer server_;
};

}  // namespace tacet
