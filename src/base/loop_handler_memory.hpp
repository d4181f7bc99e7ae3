#pragma once
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

/// Memory with which the event loop waits without an allocation. Only base/loop.cpp and base/loop_alarm* may include
/// this.
namespace tacet {

/// HandlerMemory for the one operation that its owner has in Asio at a time. With it, the next wait starts even without
/// memory. A larger operation, or a second one, comes from the heap.
class HandlerMemory {
public:
  HandlerMemory() = default;
  HandlerMemory(const HandlerMemory&) = delete;
  HandlerMemory& operator=(const HandlerMemory&) = delete;

  void* take(std::size_t size) {
    if (taken_ || size > sizeof place_) return ::operator new(size);
    taken_ = true;
    return place_;
  }
  void give(void* memory) noexcept {
    if (memory != place_) return ::operator delete(memory);
    taken_ = false;
  }

private:
  alignas(std::max_align_t) std::byte place_[208];
  bool taken_ = false;
};

/// A HandlerMemory in the form in which Asio asks for memory. The room must outlive the operation.
template <class T>
struct HandlerAllocator {
  using value_type = T;

  explicit HandlerAllocator(HandlerMemory& of) : room(&of) {}
  template <class U>
  HandlerAllocator(const HandlerAllocator<U>& other) : room(other.room) {}

  T* allocate(std::size_t count) { return static_cast<T*>(room->take(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t) noexcept { room->give(memory); }
  template <class U>
  friend bool operator==(const HandlerAllocator& a, const HandlerAllocator<U>& b) {
    return a.room == b.room;
  }

  HandlerMemory* room;
};

/// A handler whose operation lives in a room. Asio frees the room before it calls the handler.
template <class Work>
struct HandlerInMemory {
  using allocator_type = HandlerAllocator<void>;

  allocator_type get_allocator() const noexcept { return allocator_type(*room); }
  template <class... Outcome>
  void operator()(Outcome&&... outcome) {
    work(std::forward<Outcome>(outcome)...);
  }

  HandlerMemory* room;
  Work work;
};

template <class Work>
HandlerInMemory<std::decay_t<Work>> in(HandlerMemory& room, Work&& work) {
  return {&room, std::forward<Work>(work)};
}

}  // namespace tacet
