#include "base/loop.hpp"

#include <fmt/format.h>

#include <asio.hpp>
#include <utility>

namespace tacet {

struct Loop::State {
  explicit State(const Clock& clock) : scheduler(clock), timer(io), signals(io) {}

  asio::io_context io{1};
  Scheduler scheduler;
  asio::steady_timer timer;
  asio::signal_set signals;
  std::function<void(int)> on_signal;
  std::optional<Instant> armed;

  /// Every event runs through here, so that what it made ready goes on before the next event.
  template <class Work>
  void turn(Work&& work) {
    {
      const Scheduler::Turn turn(scheduler);
      work();
      scheduler.run_ready();
    }
    rearm();
  }

  /// Keeps one timer of the system for the earliest of ours. A later earliest needs no call: it fires early once.
  void rearm() {
    const auto next = scheduler.next_timer();
    if (!next || (armed && *armed <= *next)) return;
    armed = next;
    timer.expires_after(std::max(Duration::zero(), *next - scheduler.now()));
    timer.async_wait([this](const asio::error_code& error) {
      if (error) return;
      armed.reset();
      turn([this] { scheduler.run_timers(scheduler.now()); });
    });
  }

  void await_signal() {
    signals.async_wait([this](const asio::error_code& error, int number) {
      if (error) return;
      turn([this, number] { on_signal(number); });
      await_signal();
    });
  }
};

Loop::Loop(const Clock& clock) : state_(std::make_unique<State>(clock)) {}
Loop::~Loop() = default;

Scheduler& Loop::scheduler() { return state_->scheduler; }
Instant Loop::now() const { return state_->scheduler.now(); }

void Loop::run() {
  const auto keep = asio::make_work_guard(state_->io);
  state_->turn([] {});
  state_->io.run();
  state_->io.restart();  // so that run() may be called again
}

void Loop::stop() { state_->io.stop(); }

void Loop::post(std::move_only_function<void()> work) {
  asio::post(state_->io, [state = state_.get(), work = std::move(work)]() mutable { state->turn(work); });
}

void Loop::on_signals(std::initializer_list<int> signals, std::function<void(int)> work) {
  state_->on_signal = std::move(work);
  for (const int number : signals) state_->signals.add(number);
  state_->await_signal();
}

/// Shared with the handlers that Asio holds, so that an event already queued finds out that its Watch is gone.
struct Watch::Entry : std::enable_shared_from_this<Entry> {
  Entry(Loop::State& loop, int fd, std::function<void(Ready)> callback)
      : state(loop),
        descriptor(loop.io, fd),
        on_ready(std::move(callback)) {}

  Loop::State& state;
  asio::posix::stream_descriptor descriptor;
  std::function<void(Ready)> on_ready;
  bool dead = false;
  bool wanted[2] = {false, false};
  bool waiting[2] = {false, false};

  void await(Ready ready) {
    const auto side = static_cast<std::size_t>(ready);
    if (dead || !wanted[side] || waiting[side]) return;
    waiting[side] = true;
    const auto wait =
        ready == Ready::read ? asio::posix::stream_descriptor::wait_read : asio::posix::stream_descriptor::wait_write;
    descriptor.async_wait(wait, [self = shared_from_this(), ready](const asio::error_code& error) {
      self->waiting[static_cast<std::size_t>(ready)] = false;
      if (error || self->dead) return;
      self->state.turn([&self, ready] {
        if (self->wanted[static_cast<std::size_t>(ready)]) self->on_ready(ready);
      });
      self->await(ready);
    });
  }
};

Watch::Watch(Loop& loop, int descriptor, std::function<void(Ready)> on_ready)
    : entry_(std::make_shared<Entry>(*loop.state_, descriptor, std::move(on_ready))) {}

Watch::~Watch() {
  entry_->dead = true;
  entry_->descriptor.release();  // never closed here: the descriptor belongs to somebody else
}

void Watch::want_read(bool wanted) {
  entry_->wanted[static_cast<std::size_t>(Ready::read)] = wanted;
  entry_->await(Ready::read);
}

void Watch::want_write(bool wanted) {
  entry_->wanted[static_cast<std::size_t>(Ready::write)] = wanted;
  entry_->await(Ready::write);
}

std::string loop_library_version() {
  return fmt::format("Asio {}.{}.{}", ASIO_VERSION / 100000, ASIO_VERSION / 100 % 1000, ASIO_VERSION % 100);
}

}  // namespace tacet
