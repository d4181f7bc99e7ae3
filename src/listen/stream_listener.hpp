#pragma once
#include <cstddef>
#include <memory>

#include "listen/stream_queries.hpp"
#include "listen/stream_server.hpp"
#include "transport/tls/tls_server.hpp"

namespace tacet {

/// Serves DNS over TCP (RFC 7766), over TLS (RFC 7858), or over HTTPS (RFC 8484) by HTTP/2 and HTTP/1.1, as ALPN
/// chooses, at the path /dns-query. Many queries on a connection are answered each as soon as possible, in any order.
/// It closes a client that is idle for ten seconds (over TLS and HTTPS for a minute, because a new connection costs
/// more), leaves a message half-sent for five, or does not read its answers; over HTTPS also one that takes ten seconds
/// for one request. Beyond the limit, a new client replaces the longest idle one. It does not read for a while from a
/// client with too many waiting queries, or too many in a second. It closes at once a client that Admission does not
/// allow. Over TCP and TLS it tells the idle time to a client that asks (RFC 7828). Over HTTPS, /healthz says that the
/// loop runs, and /readyz whether queries can be answered, as `context.is_ready` says.
class StreamListener final : private StreamService {
public:
  static constexpr Duration tcp_idle_limit = std::chrono::seconds(10), idle_limit = std::chrono::seconds(60),
                            partial_limit = std::chrono::seconds(5), handshake_limit = std::chrono::seconds(10);

  /// `transport`: any but UDP. `tls` is null only for TCP.
  StreamListener(const ListenerContext& context, int socket, std::size_t client_limit, ClientTransport transport,
                 std::shared_ptr<const TlsServer> tls = nullptr);
  ~StreamListener() override;

  ClientTransport transport() const { return transport_; }
  /// Serves at most so many clients from now on, and none that Admission no longer allows. A client that has to go may
  /// ask nothing more and gets its answers. If there are too many, one that waits for no answer goes first.
  void judge_again(std::size_t limit);
  /// Later clients get this certificate. Null only for TCP.
  void use(std::shared_ptr<const TlsServer> tls) { tls_ = std::move(tls); }

  /// Accepts no further clients and reads no further queries; those that wait for an answer still get it.
  void stop() { server_.stop(); }
  /// Behind stop(): clients that wait for their answers, or have not read them.
  bool has_clients() const { return server_.has_clients(); }

private:
  bool admits(const KernelAddress& client) override;
  bool is_front_end(const KernelAddress& peer) override { return context_.admission.is_front_end(peer.storage); }
  std::unique_ptr<ByteStream> stream_of(Descriptor socket) override;
  std::unique_ptr<StreamSession> open(StreamClient& client) override;

  ListenerContext context_;
  ClientTransport transport_;
  std::shared_ptr<const TlsServer> tls_;
  StreamServer server_;
};

}  // namespace tacet
