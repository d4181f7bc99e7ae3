#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <semaphore>
#include <utility>

namespace tacet {

/// A value that one thread makes and another waits for. As std::promise and std::future, but a giver that ends without
/// having given (an exception, the end of a loop) says so without asking for memory; std::promise makes an exception
/// for that in its destructor, and if there is no memory for it, that is the end of the process.
template <class T>
class Handover {
  struct Meeting {
    std::optional<T> value;
    std::binary_semaphore over{0};
  };

public:
  /// Whoever makes the value.
  class Giver {
  public:
    Giver(Giver&&) noexcept = default;
    Giver& operator=(Giver&&) = delete;
    ~Giver() { end(); }

    /// Once. What is thrown by moving the value is thrown, and nothing was given.
    void give(T value) {
      meeting_->value.emplace(std::move(value));
      end();
    }

  private:
    friend class Handover;
    explicit Giver(std::shared_ptr<Meeting> meeting) : meeting_(std::move(meeting)) {}
    void end() {
      if (const auto meeting = std::exchange(meeting_, nullptr)) meeting->over.release();
    }
    std::shared_ptr<Meeting> meeting_;
  };

  Handover() = default;

  /// Once, and before anybody waits.
  Giver giver() const { return Giver(meeting_); }

  /// True if the giver has given, or ended, in that time.
  bool over_within(std::chrono::milliseconds time) {
    over_ = over_ || meeting_->over.try_acquire_for(time);
    return over_;
  }

  /// Waits for the value; nothing if the giver has ended without. Once.
  std::optional<T> take() {
    if (!over_) meeting_->over.acquire();
    return std::move(meeting_->value);
  }

private:
  std::shared_ptr<Meeting> meeting_ = std::make_shared<Meeting>();
  bool over_ = false;
};

}  // namespace tacet
