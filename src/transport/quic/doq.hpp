#pragma once
#include <memory>
#include <optional>

#include "base/loop.hpp"
#include "transport/connection.hpp"
#include "transport/dial/connector.hpp"

namespace tacet {

/// DNS over QUIC (RFC 9250) on a socket whose QUIC handshake is over: each query has a stream of its own. Loop and
/// `owner` must outlive the connection. Pre: the socket comes with its QUIC connection.
class DoqConnection final : public Connection {
public:
  DoqConnection(Loop& loop, ConnectedSocket socket, Owner& owner);
  ~DoqConnection() override;
  DoqConnection(const DoqConnection&) = delete;
  DoqConnection& operator=(const DoqConnection&) = delete;

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
