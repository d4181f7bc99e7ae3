#pragma once
#include <asio.hpp>
#include <functional>
#include <memory>

#include "base/loop_handler_memory.hpp"
#include "tacet/instant.hpp"

namespace tacet {

/// The one timer of the system that a loop waits by. It counts the time that the machine sleeps, as our clock does, and
/// so rings at once after a suspend in which its time came. Only base/loop.cpp may include this.
class LoopAlarm {
public:
  /// `room` must outlive `io`; `ring` is called in io's run(). std::system_error: the kernel has no timer left.
  LoopAlarm(asio::io_context& io, HandlerMemory& room, std::function<void()> ring);
  ~LoopAlarm();
  LoopAlarm(const LoopAlarm&) = delete;
  LoopAlarm& operator=(const LoopAlarm&) = delete;

  /// Rings once, `wait` from now; replaces what was set before. Needs no memory. False if it could not be set.
  bool set(Duration wait);

private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacet
