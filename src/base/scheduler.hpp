#pragma once
#include <coroutine>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace tacet {

class Scheduler;

/// An object that is told when a time has come. Disarmed when destroyed; armed at most once at a time. It has its place
/// in the heap from the start, so arming needs no memory. The scheduler must outlive it.
class Timer {
public:
  explicit Timer(Scheduler& scheduler);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer();

  /// Calls expire() once when `when` has come; replaces a former arm().
  void arm(Instant when);
  void disarm();
  bool armed() const { return place_ != unarmed; }

protected:
  Scheduler& scheduler_;

private:
  friend class Scheduler;
  static constexpr std::size_t unarmed = static_cast<std::size_t>(-1);
  virtual void expire() = 0;
  std::size_t place_ = unarmed;  // in the scheduler's heap
};

/// A Timer that calls a function.
class Alarm final : public Timer {
public:
  Alarm(Scheduler& scheduler, std::function<void()> ring) : Timer(scheduler), ring_(std::move(ring)) {}

private:
  void expire() override { ring_(); }
  std::function<void()> ring_;
};

/// A coroutine that can go on. Unlinks itself when destroyed, so a cancelled task is never resumed.
class Resumable {
public:
  Resumable() = default;
  Resumable(const Resumable&) = delete;
  Resumable& operator=(const Resumable&) = delete;
  ~Resumable() { unlink(); }

  std::coroutine_handle<> handle;

private:
  friend class Scheduler;
  void unlink();
  Resumable* previous_ = nullptr;
  Resumable* next_ = nullptr;
};

/// The pending work of one thread: coroutines that can go on, and times to wait for, in one ordered structure. It knows
/// nothing of sockets; a Loop (or a test with a manual clock) drives it. A coroutine never resumes inside the call that
/// made it ready, so a caller that delivers a result need not expect re-entrance.
class Scheduler {
public:
  explicit Scheduler(const Clock& clock);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// The present time; inside a Turn, the time at which the turn began.
  Instant now() const { return turn_ ? *turn_ : clock_.now(); }
  const Clock& clock() const { return clock_; }

  /// One event and all that it causes. Inside it now() does not read the clock; a query calls now() about twenty times.
  class Turn {
  public:
    explicit Turn(Scheduler& scheduler) : scheduler_(scheduler) { scheduler_.turn_ = scheduler_.clock_.now(); }
    ~Turn() { scheduler_.turn_.reset(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

  private:
    Scheduler& scheduler_;
  };

  /// Queues a coroutine for the next run_ready().
  void make_ready(Resumable& resumable);

  /// Resumes coroutines until none is ready.
  void run_ready();

  /// Fires the timers that are due at `now`, then resumes the coroutines that they made ready.
  void run_timers(Instant now);

  /// When the next timer is due; nothing if none is armed.
  std::optional<Instant> next_timer() const;

private:
  friend class Timer;
  struct Entry {
    Instant when;
    Timer* timer;
  };
  void place(std::size_t at, Entry entry);
  void sift_up(std::size_t at);
  void sift_down(std::size_t at);

  void make_room();

  const Clock& clock_;
  std::optional<Instant> turn_;  // when the present turn began; nothing outside a turn
  std::vector<Entry> heap_;      // with room for every timer that exists
  std::size_t timers_ = 0;
  Resumable ready_;  // sentinel of a circular list
  bool running_ = false;
};

inline Timer::Timer(Scheduler& scheduler) : scheduler_(scheduler) {
  if (scheduler.timers_ == scheduler.heap_.capacity()) scheduler.make_room();
  ++scheduler.timers_;
}

inline Timer::~Timer() {
  if (armed()) disarm();
  --scheduler_.timers_;
}

/// Wakes one waiting coroutine each time it is set. If no coroutine waits, the next wait ends at once.
class AutoResetEvent final : Timer {
public:
  explicit AutoResetEvent(Scheduler& scheduler) : Timer(scheduler) {}

  void set() {
    set_ = true;
    if (waiter_.handle) wake();
  }

  /// Waits for the event until `until`: true if it came, false if that time came first.
  auto wait(Instant until) {
    struct Awaiter {
      AutoResetEvent& event;
      Instant until;
      bool await_ready() const noexcept { return event.set_; }
      void await_suspend(std::coroutine_handle<> waiting) {
        event.waiter_.handle = waiting;
        event.arm(until);
      }
      bool await_resume() { return std::exchange(event.set_, false); }
    };
    return Awaiter{*this, until};
  }

private:
  void expire() override { wake(); }
  void wake() {
    disarm();
    scheduler_.make_ready(waiter_);
  }

  Resumable waiter_;
  bool set_ = false;
};

/// A meeting of one waiting coroutine and the code that has its value. Happens once.
template <class T>
class OneShot {
public:
  explicit OneShot(Scheduler& scheduler) : event_(scheduler) {}

  /// Hands the value over and wakes the waiter; false if there is a value already, or the wait has ended.
  bool deliver(T value) {
    if (value_ || over_) return false;
    value_.emplace(std::move(value));
    event_.set();
    return true;
  }

  /// Waits for the value until `until`; nothing if that time came first.
  auto wait(Instant until) {
    using Ring = decltype(std::declval<AutoResetEvent&>().wait(until));
    struct Awaiter : Ring {
      OneShot& shot;
      std::optional<T> await_resume() {
        Ring::await_resume();
        shot.over_ = true;
        return std::move(shot.value_);
      }
    };
    return Awaiter{event_.wait(until), *this};
  }

private:
  AutoResetEvent event_;
  std::optional<T> value_;
  bool over_ = false;
};

}  // namespace tacet
