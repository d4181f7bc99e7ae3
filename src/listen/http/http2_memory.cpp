#include "listen/http/http2_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

namespace tacet {
namespace {

/// Blocks of so many octets get pages of their own.
constexpr std::size_t large = 8192;

/// Stands before each block.
struct alignas(std::max_align_t) BlockHead {
  std::size_t size;
};

BlockHead* head_of(void* block) { return static_cast<BlockHead*>(block) - 1; }

void* take(std::size_t size, void*) {
  if (size > std::numeric_limits<std::size_t>::max() - sizeof(BlockHead)) return nullptr;
  const std::size_t whole = size + sizeof(BlockHead);
  void* place = size >= large ? ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                              : std::malloc(whole);
  if (place == nullptr || place == MAP_FAILED) return nullptr;
  return new (place) BlockHead{size} + 1;
}

void give_back(void* block, void*) {
  if (block == nullptr) return;
  BlockHead* const head = head_of(block);
  if (head->size >= large)
    ::munmap(head, head->size + sizeof(BlockHead));
  else
    std::free(head);
}

void* take_zeroed(std::size_t count, std::size_t size, void*) {
  if (size != 0 && count > std::numeric_limits<std::size_t>::max() / size) return nullptr;
  void* const block = take(count * size, nullptr);
  if (block != nullptr && count * size < large) std::memset(block, 0, count * size);  // new pages are zero
  return block;
}

void* resize(void* block, std::size_t size, void*) {
  void* const moved = take(size, nullptr);
  if (moved == nullptr || block == nullptr) return moved;
  std::memcpy(moved, block, std::min(size, head_of(block)->size));
  give_back(block, nullptr);
  return moved;
}

}  // namespace

nghttp2_mem& http2_memory() {
  static nghttp2_mem memory{nullptr, take, give_back, take_zeroed, resize};
  return memory;
}

}  // namespace tacet
