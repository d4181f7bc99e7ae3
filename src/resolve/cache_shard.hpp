#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "resolve/cache_block.hpp"

namespace tacet {

struct CacheStatistics {
  std::size_t entries = 0, octets = 0, budget = 0;
  std::uint64_t stored = 0, evicted = 0;
};

/// A part of the cache with a lock of its own: a table of answers, and their order of use. The budget counts both; the
/// least recently used go first. Whoever calls holds the mutex, unless it says otherwise.
class CacheShard {
public:
  struct Slot {
    CacheBlock* block = nullptr;
    std::uint32_t tag = 0;  // upper half of the hash: most wrong answers are not even touched
  };
  /// All that there was, taken out to be freed without the lock.
  struct Contents {
    std::vector<Slot> slots;
    CacheBlock* oldest = nullptr;
    std::size_t entries = 0;
  };

  mutable std::mutex mutex;

  /// find() of this hash follows soon: fetches the memory that it looks at first. Without the mutex.
  [[gnu::always_inline]] void expect(std::uint64_t hash) const {
    constexpr auto relaxed = std::memory_order_relaxed;
    // The two may not belong together; then the wrong memory is fetched, and nothing else happens.
    const std::size_t slot = home(hash, table_size_.load(relaxed));
    __builtin_prefetch(reinterpret_cast<const void*>(table_.load(relaxed) + slot * sizeof(Slot)));
  }
  /// And then the answer itself.
  void approach(std::uint64_t hash) const;

  /// Null if nothing is kept under this key.
  CacheBlock* find(const CacheKey& key) const;
  /// It was used in this second of the clock: it becomes the most recently used.
  void touch(CacheBlock& block, std::uint32_t second) {
    if (block.touched == second || newest_ == &block) return;
    block.touched = second;
    unlink(block);
    link_newest(block);
  }
  /// Takes a block in that is not there yet, or destroys it if there is no room. Evicts for it.
  void insert(CacheBlock* block);
  void erase(CacheBlock* block);
  Contents take_all();

  /// Comes closer to another budget by at most `evictions`; true if it applies now. Until then whoever stores something
  /// evicts no more than that takes.
  bool approach_budget(std::size_t budget, std::size_t evictions);

  /// The table, to be walked over: open addressing, linear; a power of two, or none before the first answer.
  std::span<const Slot> slots() const { return slots_; }
  /// Counts the tables that there were.
  std::uint64_t layout() const { return layout_; }
  /// The slot at which the search for a hash begins: by bits that neither choose the shard nor make the tag's upper
  /// part.
  static std::size_t home(std::uint64_t hash, std::size_t slots) { return (hash >> 4) & (slots - 1); }
  /// Octets with the table.
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
  std::atomic<std::uintptr_t> table_{0};  // where the slots are and how many, for expect()
  std::atomic<std::size_t> table_size_{1};
  std::uint64_t layout_ = 0;
  CacheBlock* newest_ = nullptr;
  CacheBlock* oldest_ = nullptr;
  CacheStatistics statistics_;  // octets without the table
};

}  // namespace tacet
