#include "base/scheduler.hpp"

#include <algorithm>

#include "base/flagged.hpp"

namespace tacet {
namespace {

constexpr std::size_t first_timers = 64;

}  // namespace

void Timer::arm(Instant when) {
  if (armed()) disarm();
  auto& heap = scheduler_.heap_;
  heap.push_back({when, this});
  place_ = heap.size() - 1;
  scheduler_.sift_up(place_);
}

void Timer::disarm() {
  if (!armed()) return;
  auto& heap = scheduler_.heap_;
  const std::size_t hole = std::exchange(place_, unarmed);
  const auto last = heap.back();
  heap.pop_back();
  if (hole == heap.size()) return;
  scheduler_.place(hole, last);
  scheduler_.sift_up(hole);
  scheduler_.sift_down(last.timer->place_);
}

void Resumable::unlink() {
  if (next_ == nullptr) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = nullptr;
}

void Scheduler::make_room() { heap_.reserve(std::max(first_timers, 2 * timers_)); }

Scheduler::Scheduler(const Clock& clock) : clock_(clock) { ready_.previous_ = ready_.next_ = &ready_; }

void Scheduler::make_ready(Resumable& resumable) {
  if (resumable.next_ != nullptr) return;
  resumable.previous_ = ready_.previous_;
  resumable.next_ = &ready_;
  ready_.previous_->next_ = &resumable;
  ready_.previous_ = &resumable;
}

void Scheduler::run_ready() {
  if (running_) return;
  const Flagged running(running_);
  while (ready_.next_ != &ready_) {
    Resumable& first = *ready_.next_;
    first.unlink();
    std::exchange(first.handle, nullptr).resume();
  }
}

void Scheduler::run_timers(Instant now) {
  while (!heap_.empty() && heap_.front().when <= now) {
    Timer& due = *heap_.front().timer;
    due.disarm();
    due.expire();
  }
  run_ready();
}

std::optional<Instant> Scheduler::next_timer() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().when;
}

void Scheduler::place(std::size_t at, Entry entry) {
  heap_[at] = entry;
  entry.timer->place_ = at;
}

void Scheduler::sift_up(std::size_t at) {
  const Entry entry = heap_[at];
  for (; at > 0 && entry.when < heap_[(at - 1) / 2].when; at = (at - 1) / 2) place(at, heap_[(at - 1) / 2]);
  place(at, entry);
}

void Scheduler::sift_down(std::size_t at) {
  const Entry entry = heap_[at];
  for (std::size_t child = 2 * at + 1; child < heap_.size(); at = child, child = 2 * at + 1) {
    if (child + 1 < heap_.size() && heap_[child + 1].when < heap_[child].when) ++child;
    if (heap_[child].when >= entry.when) break;
    place(at, heap_[child]);
  }
  place(at, entry);
}

}  // namespace tacet
