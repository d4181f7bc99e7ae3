#pragma once
#include <memory>

#include "transport/connection.hpp"
#include "transport/dial/connector.hpp"
#include "transport/http/http.hpp"

namespace tacet {

/// A connection of DNS over HTTPS (RFC 8484): one HTTP/2 connection over one socket, queries by GET or POST with ID
/// 0, padded as they come. Never opens a second socket, never resolves a name, follows no redirect and keeps no cookie.
class DohConnection final : public Connection {
public:
  /// The handshake begins with the first send(). `loop`, what `shared` refers to, and `owner` must outlive the
  /// connection.
  DohConnection(Loop& loop, ConnectedSocket socket, const UpstreamConfig& upstream, const DohShared& shared,
                Owner& owner);
  ~DohConnection() override;

  void send(Tag tag, const Message& query) override;
  void close() override;
  std::shared_ptr<const ConnectionFacts> facts() const override;
  std::optional<Duration> idle_limit() const override { return {}; }
  Duration unacknowledged() const override;

private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacet
