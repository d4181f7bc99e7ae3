#pragma once
#include <functional>
#include <memory>

#include "observe/greeting_outcome.hpp"
#include "transport/connection.hpp"
#include "transport/upstream_server.hpp"

namespace tacet {

/// One connection to a server by a path of its own, up to the proof of the server's identity. It carries no client's
/// query; a DoH connection, which begins with a query, carries one for the root's name servers.
class GreetingProbe final : Connection::Owner {
public:
  /// It begins at once. `on_end` is called once, never from inside the constructor; it must not destroy the probe.
  GreetingProbe(UpstreamServer& server, DialPath path, std::function<void(GreetingOutcome)> on_end);

private:
  void on_established() override { end(GreetingOutcome::greeted); }
  void on_received() override {}
  void on_answer(Tag, Result<Message>) override {}
  void on_closed(Error why) override { end(greeting_outcome_of(why.fault).value_or(GreetingOutcome::closed)); }
  void connected(ConnectedSocket socket);
  void end(GreetingOutcome showed);

  UpstreamServer& server_;
  SharedDialPath path_;
  std::function<void(GreetingOutcome)> on_end_;  // empty once it was called
  Connector connector_;
  Alarm late_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace tacet
