#pragma once
#include <asio.hpp>
#include <functional>
#include <memory>

#include "base/loop_handler_memory.hpp"
#include "tacet/instant.hpp"

namespace tacet {

/// The one system timer of a loop. It counts the time that the machine sleeps, as our clock does, so it fires at once
/// after a suspend that covered its time. Only base/loop.cpp may include this.
class LoopAlarm {
public:
  /// `room` must outlive `io`. io's run() calls `ring`. Throws std::system_error if the kernel has no timer left.
  LoopAlarm(asio::io_context& io, HandlerMemory& room, std::function<void()> ring);
  ~LoopAlarm();
  LoopAlarm(const LoopAlarm&) = delete;
  LoopAlarm& operator=(const LoopAlarm&) = delete;

  /// Fires once, `wait` from now; replaces the former setting. Needs no memory. False if it could not be set.
  bool set(Duration wait);

private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacet
