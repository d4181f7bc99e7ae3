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

/// Serves DNS over TCP (RFC 7766): many queries a connection, answered as they complete, in whatever order. A client is
/// let go when it is idle for ten seconds, leaves a message half-sent for five, or does not read what it asked for. One
/// more than the limit takes the place of the longest idle. A client with too many queries waiting, or with too many in
/// a second, is not read from for a while. A client that Admission does not allow is let go at once. A client that asks
/// is told the idle time (RFC 7828).
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

  /// Serves at most so many clients from now on, and of those that are here none that Admission does not allow any
  /// more. A client that has to go gets the answers that it waits for, and may ask nothing more; if there are too many,
  /// one that waits for nothing goes first.
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
