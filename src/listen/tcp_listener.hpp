#pragma once
#include <cstddef>
#include <memory>

#include "base/loop.hpp"
#include "base/task_group.hpp"
#include "listen/admission.hpp"
#include "listen/stream_server.hpp"
#include "observe/metrics.hpp"
#include "resolve/resolver.hpp"

namespace tacet {

/// Serves DNS over TCP (RFC 7766): many queries on a connection, each answered as soon as possible, in any order. It
/// closes a client that is idle for ten seconds, leaves a message half-sent for five, or does not read its answers.
/// Beyond the limit, a new client replaces the longest idle one. It does not read for a while from a client with too
/// many waiting queries, or too many in a second. It closes at once a client that Admission does not allow. It tells
/// the idle time to a client that asks (RFC 7828).
class TcpListener final : private StreamService {
public:
  static constexpr Duration idle_limit = std::chrono::seconds(10), partial_limit = std::chrono::seconds(5);
  /// `tasks` must be cancelled before the listener is destroyed; everything else must outlive it.
  struct Parts {
    Loop& loop;
    TaskGroup& tasks;
    Resolver& resolver;
    Metrics& metrics;
    Admission& admission;
    std::size_t client_limit;
  };
  TcpListener(const Parts& parts, int socket);
  ~TcpListener() override;

  /// Serves at most so many clients from now on, and none that Admission no longer allows. A client that has to go may
  /// ask nothing more and gets its answers. If there are too many, one that waits for no answer goes first.
  void judge_again(std::size_t limit);

  /// Accepts no further clients and reads no further queries; those that wait for an answer still get it.
  void stop() { server_.stop(); }

private:
  class Session;

  bool admits(const KernelAddress& client) override;
  std::unique_ptr<StreamSession> open(StreamClient& client) override;

  Parts parts_;
  StreamServer server_;
};

}  // namespace tacet
