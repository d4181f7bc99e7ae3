#pragma once
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>

#include "base/scheduler.hpp"

namespace tacet {

/// One thread's event loop: descriptors, times, signals and messages from other threads. After every event it resumes
/// the coroutines that the event made ready. The only room that knows Asio.
///
/// An exception that leaves an event's work (no memory) is told to the log, and ends that event only. Waiting needs no
/// memory: whoever has a Watch, a Timer or an AsyncCall hears from it whatever happens.
class Loop {
public:
  explicit Loop(const Clock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Scheduler& scheduler();
  /// When the present turn began.
  Instant now() const;

  /// Runs until stop(). Call from the one thread that owns everything on this loop.
  void run();
  /// Makes run() return after the present event. Any thread.
  void stop();
  /// Calls `work` on the loop's thread in a turn of its own. Any thread. std::bad_alloc: it will not be called.
  void post(std::move_only_function<void()> work);
  /// Calls `work` on the loop's thread whenever one of these signals arrives.
  void on_signals(std::initializer_list<int> signals, std::function<void(int)> work);

private:
  friend class Watch;
  friend class AsyncCall;
  struct State;
  std::unique_ptr<State> state_;
};

/// Tells when a descriptor can be read or written. It does not own the descriptor, and must be destroyed before the
/// descriptor is closed. Level-triggered: as long as a wish stands and the descriptor is ready, it keeps calling; after
/// a call that ended by an exception, a tenth of a second later.
class Watch {
public:
  enum class Ready { read, write };

  /// `on_ready` may destroy this Watch. std::bad_alloc, also if it is the kernel that has no memory.
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

/// Work that is posted to a loop time and again, and can be even when there is no memory. Must be destroyed on the
/// loop's thread, or while that does not run; what was posted is then forgotten.
class AsyncCall {
public:
  AsyncCall(Loop& loop, std::function<void()> work);
  ~AsyncCall();
  AsyncCall(const AsyncCall&) = delete;
  AsyncCall& operator=(const AsyncCall&) = delete;

  /// Calls the work on the loop's thread in a turn of its own, once for all that was posted before. Any thread.
  void post();

private:
  struct Entry;
  std::shared_ptr<Entry> entry_;
};

/// "Asio 1.22.1" as compiled.
std::string loop_library_version();

}  // namespace tacet
