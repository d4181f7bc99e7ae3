#include "resolve/cache/cache_shard.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/log.hpp"

namespace tacet {
namespace {

constexpr std::size_t least_slots = 32;

std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

std::size_t table_cost(std::size_t slots) { return slots * sizeof(CacheShard::Slot); }

}  // namespace

void CacheShard::approach(std::uint64_t hash) const {
  constexpr std::size_t line = 64, lines = 4;  // the head, and the image of most answers
  if (slots_.empty()) return;
  const std::uint32_t tag = tag_of(hash);
  std::size_t at = home(hash, slots_.size());
  while (slots_[at].block != nullptr && slots_[at].tag != tag) at = (at + 1) & (slots_.size() - 1);
  const auto* block = reinterpret_cast<const char*>(slots_[at].block);
  for (std::size_t i = 0; block != nullptr && i < lines; ++i) __builtin_prefetch(block + i * line);
}

CacheBlock* CacheShard::find(const CacheKey& key) const {
  if (slots_.empty()) return nullptr;
  const std::size_t mask = slots_.size() - 1;
  const std::uint32_t tag = tag_of(key.hash());
  for (std::size_t at = home(key.hash(), slots_.size()); slots_[at].block != nullptr; at = (at + 1) & mask)
    if (slots_[at].tag == tag && slots_[at].block->matches(key)) return slots_[at].block;
  return nullptr;
}

CacheBlock* CacheShard::find(std::uint64_t hash) const {
  if (slots_.empty()) return nullptr;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = home(hash, slots_.size()); slots_[at].block != nullptr; at = (at + 1) & mask)
    if (slots_[at].tag == tag_of(hash) && slots_[at].block->hash == hash) return slots_[at].block;
  return nullptr;
}

void CacheShard::insert(CacheBlock* block) {
  auto& statistics = statistics_;
  // The table grows only into free room: entries are worth more than short searches.
  if (full() && statistics.octets + block->cost() + table_cost(slots_grown()) <= statistics.budget)
    try_rehash(slots_grown());
  const std::size_t needed = block->cost() + table_cost(slots_.size());
  if (slots_.empty() || needed > statistics.budget) return CacheBlock::destroy(block);
  while (oldest_ != nullptr && (full() || statistics.octets + needed > statistics.budget)) evict();
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = home(block->hash, slots_.size());
  while (slots_[at].block != nullptr) at = (at + 1) & mask;
  slots_[at] = {block, tag_of(block->hash)};
  link_newest(*block);
  statistics.octets += block->cost();
  ++statistics.entries;
  ++statistics.stored;
}

void CacheShard::erase(CacheBlock* block) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t hole = home(block->hash, slots_.size());
  while (slots_[hole].block != block) hole = (hole + 1) & mask;
  // Close the gap: each entry behind it moves up, unless that would put it before its home.
  for (std::size_t at = (hole + 1) & mask; slots_[at].block != nullptr; at = (at + 1) & mask) {
    const std::size_t wish = home(slots_[at].block->hash, slots_.size());
    if (((at - wish) & mask) < ((at - hole) & mask)) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = {};
  unlink(*block);
  statistics_.octets -= block->cost();
  --statistics_.entries;
  CacheBlock::destroy(block);
}

void CacheShard::evict() {
  ++statistics_.evicted;
  erase(oldest_);
}

void CacheShard::unlink(CacheBlock& block) {
  (block.newer != nullptr ? block.newer->older : newest_) = block.older;
  (block.older != nullptr ? block.older->newer : oldest_) = block.newer;
}

void CacheShard::link_newest(CacheBlock& block) {
  block.newer = nullptr;
  block.older = newest_;
  (newest_ != nullptr ? newest_->newer : oldest_) = &block;
  newest_ = &block;
}

bool CacheShard::approach_budget(std::size_t budget, std::size_t evictions) {
  for (std::size_t left = evictions; exceeds(budget, slots_needed()) && oldest_ != nullptr; --left) {
    if (left == 0) {
      statistics_.budget = statistics_.octets + table_cost(slots_.size());
      return false;
    }
    evict();
  }
  statistics_.budget = budget;
  // The entries fit into the budget if the table is no larger than it must be.
  if (exceeds(budget, slots_.size())) try_rehash(slots_needed());
  return true;
}

std::size_t CacheShard::slots_grown() const { return std::max(least_slots, slots_.size() * 2); }

/// The smallest table that holds the entries.
std::size_t CacheShard::slots_needed() const {
  std::size_t slots = oldest_ != nullptr ? least_slots : 0;
  while (slots > 0 && statistics_.entries * 4 > slots * 3) slots *= 2;
  return slots;
}

/// True if the entries and a table of so many slots exceed the budget.
bool CacheShard::exceeds(std::size_t budget, std::size_t slots) const {
  return statistics_.octets + table_cost(slots) > budget;
}

/// Without memory the table stays as it is.
void CacheShard::try_rehash(std::size_t count) {
  try {
    rehash(count);
  } catch (const std::bad_alloc&) {
    log::escaped("a larger table for the cache");
  }
}

void CacheShard::rehash(std::size_t count) {
  std::vector<Slot> slots(count);
  for (const auto& [block, tag] : slots_) {
    if (block == nullptr) continue;
    std::size_t at = home(block->hash, slots.size());
    while (slots[at].block != nullptr) at = (at + 1) & (slots.size() - 1);
    slots[at] = {block, tag};
  }
  static_cast<void>(change_table(std::move(slots)));
}

/// Returns the former table.
std::vector<CacheShard::Slot> CacheShard::change_table(std::vector<Slot> slots) {
  slots_.swap(slots);
  table_ = reinterpret_cast<std::uintptr_t>(slots_.data());
  table_size_ = std::max<std::size_t>(1, slots_.size());
  ++layout_;
  return slots;
}

CacheShard::Contents CacheShard::take_all() {
  Contents all{change_table({}), std::exchange(oldest_, nullptr), std::exchange(statistics_.entries, std::size_t{0})};
  newest_ = nullptr;
  statistics_.octets = 0;
  return all;
}

CacheStatistics CacheShard::statistics() const {
  CacheStatistics statistics = statistics_;
  statistics.octets += table_cost(slots_.size());
  return statistics;
}

}  // namespace tacet
