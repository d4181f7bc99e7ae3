#include "base/loop.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <asio.hpp>
#include <atomic>
#include <new>
#include <system_error>
#include <utility>

#include "base/log.hpp"
#include "base/loop_alarm.hpp"
#include "base/loop_handler_memory.hpp"

namespace tacet {

namespace {

/// How long a watch rests after its event could not be handled. Its data is still unread, so the kernel would report it
/// at once, again and again.
constexpr auto rest_time = std::chrono::milliseconds(100);

/// False if the work ended by an exception, which ends this event and nothing else.
template <class Work>
bool succeeds(Work&& work) {
  try {
    work();
    return true;
  } catch (...) {
    log::escaped("an event");
    return false;
  }
}

/// False for an event that is not this descriptor's. Asio keeps its record of a descriptor for the next one, and an
/// event that is queued at that time goes to the next one. A reader notices that nothing is there; a connect that
/// is under way would count as done.
bool is_writable(int descriptor) {
  pollfd poll{.fd = descriptor, .events = POLLOUT, .revents = 0};
  return ::poll(&poll, 1, 0) != 0;
}

}  // namespace

struct Loop::State {
  explicit State(const Clock& clock) : scheduler(clock), alarm(io, alarm_room, [this] { on_alarm(); }), signals(io) {}

  HandlerMemory alarm_room, signal_room, overdue_room;
  Scheduler scheduler;  // before `io`: handlers that wait in `io` may hold timers
  asio::io_context io{1};
  LoopAlarm alarm;
  asio::signal_set signals;
  std::function<void(int)> on_signal;
  std::optional<Instant> armed;
  bool overdue = false;  // a turn for what is due has been posted
  TurnCounts turns;
  Duration asleep = scheduler.clock().asleep();

  /// Every event runs through here. What it made ready runs before the next event, and what is due runs soon after.
  /// False if the event failed.
  template <class Work>
  bool turn(Work&& work) {
    bool done = false;
    Instant begun;
    {
      const Scheduler::Turn turn(scheduler);
      begun = scheduler.now();
      done = succeeds(work);
      succeeds([this] { scheduler.run_ready(); });
    }
    const Instant ended = scheduler.now();
    if (ended - begun > TurnCounts::slow) note_slow(ended - begun);
    rearm(begun, ended);
    return done;
  }

  void note_slow(Duration took) {
    const Duration now_asleep = scheduler.clock().asleep();
    if (now_asleep - std::exchange(asleep, now_asleep) > TurnCounts::slow) return;
    ++turns.slow_ones;
    turns.longest = std::max(turns.longest, took);
  }

  void run_due() {
    turn([this] { scheduler.run_timers(scheduler.now()); });
  }

  void on_alarm() {
    armed.reset();
    run_due();
  }

  /// Arms the system's one alarm for our earliest time. If the earliest time moves later, the alarm stays and fires
  /// early once. A time that was due at `begun` does not wait for the alarm: after a suspend or a jump of the clock,
  /// the alarm may fire long after it.
  void rearm(Instant begun, Instant now) {
    const auto next = scheduler.next_timer();
    if (!next) return;
    if (*next <= begun && post_overdue()) return;
    if (armed && *armed <= *next && *armed > begun) return;
    armed.reset();
    if (alarm.set(*next - now)) armed = next;  // else the next event tries again
  }

  /// Runs what is overdue in a turn of its own, behind the events that came with this one: an answer that has arrived
  /// is not late.
  bool post_overdue() {
    if (overdue) return true;
    overdue = succeeds([this] {
      asio::post(io, in(overdue_room, [this] {
                   overdue = false;
                   run_due();
                 }));
    });
    return overdue;
  }

  void await_signal() {
    signals.async_wait(in(signal_room, [this](const asio::error_code& error, int number) {
      if (error) return;
      turn([this, number] { on_signal(number); });
      await_signal();
    }));
  }
};

Loop::Loop(const Clock& clock) : state_(std::make_unique<State>(clock)) {}
Loop::~Loop() = default;

Scheduler& Loop::scheduler() { return state_->scheduler; }
Instant Loop::now() const { return state_->scheduler.now(); }
const TurnCounts& Loop::turns() const { return state_->turns; }

void Loop::run() {
  const auto keep = asio::make_work_guard(state_->io);
  state_->turn([] {});
  while (!succeeds([this] { state_->io.run(); })) {
  }
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

/// Shared with the handlers that Asio holds: an event that is already queued sees that its Watch is gone.
struct Watch::Entry : std::enable_shared_from_this<Entry> {
  Entry(Loop::State& loop, int fd, std::function<void(Ready)> callback)
      : state(loop),
        descriptor(loop.io, fd),
        on_ready(std::move(callback)),
        rest(loop.scheduler, [this] { await_both(); }) {}

  HandlerMemory rooms[2];
  Loop::State& state;
  asio::posix::stream_descriptor descriptor;
  std::function<void(Ready)> on_ready;
  Alarm rest;  // armed after an event that could not be handled
  bool dead = false;
  bool wanted[2] = {false, false};
  bool waiting[2] = {false, false};

  void await(Ready ready) {
    const auto side = static_cast<std::size_t>(ready);
    if (dead || !wanted[side] || waiting[side] || rest.armed()) return;
    waiting[side] = true;
    const auto wait =
        ready == Ready::read ? asio::posix::stream_descriptor::wait_read : asio::posix::stream_descriptor::wait_write;
    descriptor.async_wait(wait, in(rooms[side], [self = shared_from_this(), ready](const asio::error_code& error) {
                            self->waiting[static_cast<std::size_t>(ready)] = false;
                            if (self->dead) return;
                            const bool is_ours = ready == Ready::read || is_writable(self->descriptor.native_handle());
                            if (error || (is_ours && !self->tell(ready))) self->pause();
                            self->await(ready);
                          }));
  }

  bool tell(Ready ready) {
    return state.turn([this, ready] {
      if (wanted[static_cast<std::size_t>(ready)]) on_ready(ready);
    });
  }

  void pause() {
    if (dead) return;
    rest.arm(state.scheduler.now() + rest_time);
    const Instant now = state.scheduler.now();
    state.rearm(now, now);
  }

  void await_both() {
    await(Ready::read);
    await(Ready::write);
  }
};

Watch::Watch(Loop& loop, int descriptor, std::function<void(Ready)> on_ready) {
  try {
    entry_ = std::make_shared<Entry>(*loop.state_, descriptor, std::move(on_ready));
  } catch (const std::system_error& error) {  // the kernel may lack memory, too
    if (error.code() != std::errc::not_enough_memory && error.code() != std::errc::no_space_on_device) throw;
    throw std::bad_alloc();
  }
}

Watch::~Watch() {
  entry_->dead = true;
  entry_->descriptor.release();  // never closed here: another object owns the descriptor
}

void Watch::want_read(bool wanted) {
  entry_->wanted[static_cast<std::size_t>(Ready::read)] = wanted;
  entry_->await(Ready::read);
}

void Watch::want_write(bool wanted) {
  entry_->wanted[static_cast<std::size_t>(Ready::write)] = wanted;
  entry_->await(Ready::write);
}

/// Shared with the handler that Asio holds.
struct AsyncCall::Entry {
  Entry(Loop::State& loop, std::function<void()> what) : state(loop), work(std::move(what)) {}

  HandlerMemory room;
  Loop::State& state;
  std::function<void()> work;
  std::atomic<bool> posted{false};
  bool dead = false;
};

AsyncCall::AsyncCall(Loop& loop, std::function<void()> work)
    : entry_(std::make_shared<Entry>(*loop.state_, std::move(work))) {}

AsyncCall::~AsyncCall() { entry_->dead = true; }

void AsyncCall::post() {
  if (entry_->posted.exchange(true)) return;
  asio::post(entry_->state.io, in(entry_->room, [entry = entry_] {
               entry->posted = false;
               if (!entry->dead) entry->state.turn(entry->work);
             }));
}

std::string loop_library_version() {
  return fmt::format("Asio {}.{}.{}", ASIO_VERSION / 100000, ASIO_VERSION / 100 % 1000, ASIO_VERSION % 100);
}

}  // namespace tacet
