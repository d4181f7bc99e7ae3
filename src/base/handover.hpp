#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <semaphore>
#include <utility>

namespace tacet {

/// A value that one thread makes and another thread waits for. Unlike std::promise, a sender that ends without a value
/// (an exception, the end of a loop) needs no memory to say so. The destructor of std::promise makes an exception then,
/// and without memory that ends the process.
template <class T>
class Handover {
  struct SharedState {
    std::optional<T> value;
    std::binary_semaphore over{0};
  };

public:
  /// The thread that makes the value holds this.
  class Sender {
  public:
    Sender(Sender&&) noexcept = default;
    Sender& operator=(Sender&&) = delete;
    ~Sender() { end(); }

    /// Call once. If the move of the value throws, the exception leaves and nothing was sent.
    void send(T value) {
      state_->value.emplace(std::move(value));
      end();
    }

  private:
    friend class Handover;
    explicit Sender(std::shared_ptr<SharedState> state) : state_(std::move(state)) {}
    void end() {
      if (const auto state = std::exchange(state_, nullptr)) state->over.release();
    }
    std::shared_ptr<SharedState> state_;
  };

  Handover() = default;

  /// Call once, before any thread waits.
  Sender sender() const { return Sender(state_); }

  /// True if the sender sends or ends within this time.
  bool finished_within(std::chrono::milliseconds time) {
    over_ = over_ || state_->over.try_acquire_for(time);
    return over_;
  }

  /// Waits for the value; nothing if the sender ended without one. Call once.
  std::optional<T> take() {
    if (!over_) state_->over.acquire();
    return std::move(state_->value);
  }

private:
  std::shared_ptr<SharedState> state_ = std::make_shared<SharedState>();
  bool over_ = false;
};

}  // namespace tacet
