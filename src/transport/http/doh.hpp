#pragma once
#include <memory>
#include <optional>

#include "base/loop.hpp"
#include "transport/connection.hpp"
#include "transport/dial/connector.hpp"
#include "transport/http/doh_method.hpp"
#include "transport/tls/tls.hpp"

namespace tacet {

/// The state that all DoH connections to one server share.
struct DohShared {
  TlsClient& tls;
  DohMethodState& method_state;  ///< its method changes when another has brought an answer
};

/// A connection of DNS over HTTPS (RFC 8484): one HTTP/2 connection (libcurl) over one socket that we connected,
/// queries by POST or GET with ID 0, padded as they come. It never opens a second socket: when libcurl wants one, the
/// connection ends. Never resolves a name, follows no redirect and keeps no cookie. libcurl has at most 100 queries at
/// once, because it slows down beyond that; the others wait here. After a server refuses the method, all its
/// connections use the other one, and the refused query is sent again, once.
class DohConnection final : public Connection {
public:
  /// The handshake begins with the first send(). `loop`, what `shared` refers to, and `owner` must outlive the
  /// connection.
  DohConnection(Loop& loop, ConnectedSocket socket, const UpstreamConfig& upstream, const DohShared& shared,
                Owner& owner);
  ~DohConnection() override;
  DohConnection(const DohConnection&) = delete;
  DohConnection& operator=(const DohConnection&) = delete;

  void send(Tag tag, const Message& query) override;
  /// HTTP/2 asks for no goodbye of a client: closing the connection is one (RFC 9113 §9.1).
  void close() override {}
  std::shared_ptr<const ConnectionFacts> facts() const override;
  std::optional<Duration> idle_limit() const override { return {}; }
  Duration unacknowledged() const override;

private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace tacet
