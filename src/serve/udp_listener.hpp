#pragma once
#include "base/loop.hpp"
#include "base/task_group.hpp"
#include "observe/metrics.hpp"
#include "resolve/resolver.hpp"
#include "serve/admission.hpp"
#include "serve/datagrams.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// Serves one UDP socket: drains a burst, answers in place what policy and cache know, sends the burst of replies, and
/// leaves the rest to coroutines. One burst a turn, so that a flood of datagrams starves nothing else.
class UdpListener {
public:
  /// `tasks` must be cancelled before the listener is destroyed; everything else must outlive it.
  struct Parts {
    Loop& loop;
    TaskGroup& tasks;
    Resolver& resolver;
    Metrics& metrics;
    Admission& admission;
  };
  /// The socket must outlive the listener.
  UdpListener(const Parts& parts, int socket);

  /// Takes no further queries; those that wait for an answer still get it.
  void stop() { watch_.want_read(false); }

private:
  void on_readable();
  /// True if it was answered without waiting, by what is known here.
  bool serve(std::size_t i, Instant now);
  void turn_away(std::size_t i, const MessageIndex& index, Admission::Verdict verdict);
  Task<void> answer_later(Miss miss, Peer peer, Admission::Place place);

  Parts parts_;
  int socket_;
  Datagrams burst_;
  Watch watch_;
};

}  // namespace tacet
