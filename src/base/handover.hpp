#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <semaphore>
#include <utility>

namespace tacet {

/// A value that one thread makes and another waits for. As std::promise and std::future, but a sender that ends without
/// having given (an exception, the end of a loop) says so without asking for memory; std::promise makes an exception
/// for that in its destructor, and if there is no memory for it, that is the end of the process.
template <class T>
class Handover {
  struct SharedState {
    std::optional<T> value;
    std::binary_semaphore over{0};
  };

public:
  /// Whoever makes the value.
  class Sender {
  public:
    Sender(Sender&&) noexcept = default;
    Sender& operator=(Sender&&) = delete;
    ~Sender() { end(); }

    /// Once. What is thrown by moving the value is thrown, and nothing was given.
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

  /// Once, and before anybody waits.
  Sender sender() const { return Sender(state_); }

  /// True if the sender has given, or ended, in that time.
  bool finished_within(std::chrono::milliseconds time) {
    over_ = over_ || state_->over.try_acquire_for(time);
    return over_;
  }

  /// Waits for the value; nothing if the sender has ended without. Once.
  std::optional<T> take() {
    if (!over_) state_->over.acquire();
    return std::move(state_->value);
  }

private:
  std::shared_ptr<SharedState> state_ = std::make_shared<SharedState>();
  bool over_ = false;
};

}  // namespace tacet
