#pragma once
#include <array>
#include <cstddef>
#include <new>

namespace tacet::detail {

/// False under AddressSanitizer: there every frame comes from the heap, so that it finds the use of a dead frame.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool keeps_frames = false;
#elif defined(__has_feature)
inline constexpr bool keeps_frames = !__has_feature(address_sanitizer);
#else
inline constexpr bool keeps_frames = true;
#endif

/// Keeps the memory of ended coroutines for new ones. A query that misses the cache makes a dozen, and with hundreds of
/// queries in flight malloc would spend a quarter of all time on splitting and merging blocks. One per thread; memory
/// that is freed on another thread stays there.
class FramePool {
public:
  static void* allocate(std::size_t size) {
    const std::size_t shelf = shelf_of(size);
    if (!keeps_frames || shelf >= shelves) return ::operator new(size);
    SizeClass& from = pool().shelves_[shelf];
    if (from.top == nullptr) return ::operator new((shelf + 1) * step);
    --from.count;
    Block* block = from.top;
    from.top = block->next;
    return block;
  }

  static void release(void* memory, std::size_t size) noexcept {
    const std::size_t shelf = shelf_of(size);
    if (!keeps_frames || shelf >= shelves || pool().shelves_[shelf].count >= most) return ::operator delete(memory);
    SizeClass& to = pool().shelves_[shelf];
    ++to.count;
    to.top = new (memory) Block{to.top};
  }

private:
  struct Block {
    Block* next;
  };
  struct SizeClass {
    Block* top = nullptr;
    std::size_t count = 0;
  };
  static constexpr std::size_t step = 128, shelves = 16, most = 256;

  FramePool() = default;
  ~FramePool() {
    for (SizeClass& shelf : shelves_)
      while (shelf.top != nullptr) {
        Block* block = shelf.top;
        shelf.top = block->next;
        ::operator delete(block);
      }
  }
  static std::size_t shelf_of(std::size_t size) { return (size - 1) / step; }
  static FramePool& pool() {
    thread_local FramePool pool;
    return pool;
  }

  std::array<SizeClass, shelves> shelves_{};
};

}  // namespace tacet::detail
