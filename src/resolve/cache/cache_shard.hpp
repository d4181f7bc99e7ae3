#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "resolve/cache/cache_block.hpp"

namespace tacet {

/// What a cache, or a part of it, holds and has done.
struct CacheStatistics {
  std::size_t entries = 0, octets = 0, budget = 0;  ///< kept answers; their octets now, and at most
  std::uint64_t stored = 0, evicted = 0;            ///< answers, since the start
};

/// A part of the cache with a lock of its own: a table of answers, and their order of use. The budget counts both; the
/// least recently used answer goes first. The caller holds the mutex, unless a function says otherwise.
class CacheShard {
public:
  struct Slot {
    CacheBlock* block = nullptr;
    std::uint32_t tag = 0;  // upper half of the hash, so most wrong answers are not read
  };
  /// All former content, taken out so that it is freed without the lock.
  struct Contents {
    std::vector<Slot> slots;
    CacheBlock* oldest = nullptr;
    std::size_t entries = 0;
  };

  mutable std::mutex mutex;

  /// find() of this hash follows soon: fetches the first memory that it reads. Needs no mutex.
  [[gnu::always_inline]] void expect(std::uint64_t hash) const {
    constexpr auto relaxed = std::memory_order_relaxed;
    // The two may not belong together. Then the wrong memory is fetched, which does no harm.
    const std::size_t slot = home(hash, table_size_.load(relaxed));
    __builtin_prefetch(reinterpret_cast<const void*>(table_.load(relaxed) + slot * sizeof(Slot)));
  }
  /// Fetches the answer itself.
  void approach(std::uint64_t hash) const;

  /// Null if there is no answer under this key.
  CacheBlock* find(const CacheKey& key) const;
  /// The same by the key's hash alone. Two keys never have the same hash in practice.
  CacheBlock* find(std::uint64_t hash) const;
  /// A query used it in this second of the clock: it becomes the most recently used.
  void touch(CacheBlock& block, std::uint32_t second) {
    if (block.touched == second) return;
    block.note_use(second);
    if (newest_ == &block) return;
    unlink(block);
    link_newest(block);
  }
  /// Adds a block that is not in the table yet, or destroys it if there is no room. Evicts for it.
  void insert(CacheBlock* block);
  void erase(CacheBlock* block);
  Contents take_all();

  /// Moves towards another budget by at most `evictions`; true once the budget applies. Until then each store evicts
  /// only what it needs itself.
  bool approach_budget(std::size_t budget, std::size_t evictions);

  /// The table, for walks: open addressing, linear; a power of two, or none before the first answer.
  std::span<const Slot> slots() const { return slots_; }
  /// The number of the present table.
  std::uint64_t layout() const { return layout_; }
  /// The slot at which the search for a hash begins. It uses bits that neither choose the shard nor form the upper part
  /// of the tag.
  static std::size_t home(std::uint64_t hash, std::size_t slots) { return (hash >> 4) & (slots - 1); }
  /// The octets include the table.
  CacheStatistics statistics() const;

private:
  bool full() const { return (statistics_.entries + 1) * 4 > slots_.size() * 3; }
  std::size_t slots_grown() const;
  std::size_t slots_needed() const;
  bool exceeds(std::size_t budget, std::size_t slots) const;
  void evict();
  void unlink(CacheBlock& block);
  void link_newest(CacheBlock& block);
  void try_rehash(std::size_t count);
  void rehash(std::size_t count);
  [[nodiscard]] std::vector<Slot> change_table(std::vector<Slot> slots);

  std::vector<Slot> slots_;
  std::atomic<std::uintptr_t> table_{0};  // address and size of the slots, for expect()
  std::atomic<std::size_t> table_size_{1};
  std::uint64_t layout_ = 0;
  CacheBlock* newest_ = nullptr;
  CacheBlock* oldest_ = nullptr;
  CacheStatistics statistics_;  // octets without the table
};

}  // namespace tacet
