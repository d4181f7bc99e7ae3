#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>

#include "base/scheduler.hpp"

namespace tacet {

/// How long the turns of a loop took: what a turn takes, all other clients wait.
struct TurnCounts {
  static constexpr Duration slow = std::chrono::milliseconds(2);

  std::uint64_t slow_ones = 0;  ///< turns that took longer than `slow`
  Duration longest{};           ///< of the slow ones, since the start; one in which the machine slept does not count
};

/// One thread's event loop: descriptors, times, signals and messages from other threads. After each event it resumes
/// the coroutines that the event made ready. Only this room knows Asio.
///
/// An exception that leaves an event's work (no memory) is logged and ends that event only. Waiting needs no memory: a
/// Watch, a Timer and an AsyncCall always get their event.
class Loop {
public:
  explicit Loop(const Clock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Scheduler& scheduler();
  /// When the present turn began.
  Instant now() const;
  const TurnCounts& turns() const;

  /// Runs until stop(). Call it from the one thread that owns everything on this loop.
  void run();
  /// Makes run() return after the present event. Any thread.
  void stop();
  /// Calls `work` on the loop's thread in a turn of its own. Any thread. Throws std::bad_alloc if it cannot queue the
  /// work.
  void post(std::move_only_function<void()> work);
  /// Calls `work` on the loop's thread whenever one of these signals arrives.
  void on_signals(std::initializer_list<int> signals, std::function<void(int)> work);

private:
  friend class Watch;
  friend class AsyncCall;
  struct State;
  std::unique_ptr<State> state_;
};

/// Tells when a descriptor can be read or written. It does not own the descriptor; destroy it before you close the
/// descriptor. Level-triggered: it calls as long as the descriptor is ready and the wish stands. After a call that
/// ended by an exception it waits a tenth of a second.
class Watch {
public:
  enum class Ready { read, write };

  /// `on_ready` may destroy this Watch. Throws std::bad_alloc, also if the kernel has no memory.
  Watch(Loop& loop, int descriptor, std::function<void(Ready)> on_ready);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void want_read(bool wanted);
  void want_write(bool wanted);

private:
  struct Entry;
  std::shared_ptr<Entry> entry_;
};

/// Work that is posted to a loop many times, even without memory. Destroy it on the loop's thread, or while the loop
/// does not run; posted work is then dropped.
class AsyncCall {
public:
  AsyncCall(Loop& loop, std::function<void()> work);
  ~AsyncCall();
  AsyncCall(const AsyncCall&) = delete;
  AsyncCall& operator=(const AsyncCall&) = delete;

  /// Calls the work on the loop's thread in a turn of its own, once for all posts before it. Any thread.
  void post();

private:
  struct Entry;
  std::shared_ptr<Entry> entry_;
};

/// "Asio 1.22.1" as compiled.
std::string loop_library_version();

}  // namespace tacet
