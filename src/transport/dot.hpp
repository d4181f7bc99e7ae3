#pragma once
#include <memory>
#include <optional>

#include "base/loop.hpp"
#include "transport/connection.hpp"
#include "transport/dial/connector.hpp"
#include "transport/tls/tls.hpp"

namespace tacet {

/// DNS over TLS (RFC 7858) on one socket: queries are pipelined, answers may come in any order and are matched by ID
/// and question. The handshake begins in the constructor; loop, `tls` and `owner` must outlive the connection.
class DotConnection final : public Connection {
public:
  DotConnection(Loop& loop, ConnectedSocket socket, TlsClient& tls, Owner& owner);
  ~DotConnection() override;
  DotConnection(const DotConnection&) = delete;
  DotConnection& operator=(const DotConnection&) = delete;

  void send(Tag tag, const Message& query) override;
  void close() override;
  std::shared_ptr<const ConnectionFacts> facts() const override;
  std::optional<Duration> idle_limit() const override;
  Duration unacknowledged() const override;

private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace tacet
