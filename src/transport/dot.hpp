#pragma once
#include <memory>
#include <optional>

#include "base/log.hpp"
#include "base/loop.hpp"
#include "transport/connection.hpp"
#include "transport/dial/connector.hpp"
#include "transport/tls/tls.hpp"

namespace tacet {

/// The state that all DoT connections to one server share.
struct DotShared {
  TlsClient& tls;
  log::RateLimit& stray_answers;  ///< limits the log lines about answers without a question
};

/// DNS over TLS (RFC 7858) on one socket: queries are pipelined, answers may come in any order and are matched by ID
/// and question. The handshake begins in the constructor; loop, what `shared` refers to, and `owner` must outlive the
/// connection.
class DotConnection final : public Connection {
public:
  DotConnection(Loop& loop, ConnectedSocket socket, const DotShared& shared, Owner& owner);
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
