#include "resolve/cache.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "dns/record_walk.hpp"

namespace tacet {

/// One block of memory: this head, the wire image, the TTL offsets, the extended error's text.
struct Cache::Entry {
  Entry* newer = nullptr;
  Entry* older = nullptr;
  std::uint64_t hash = 0;
  Instant stored{};
  std::uint32_t ttl = 0;
  std::uint32_t touched = 0;  // seconds; the list is mended at most once in each
  std::uint16_t wire_size = 0;
  std::uint16_t ttl_count = 0;
  std::uint16_t extended_error = 0;
  std::array<std::uint8_t, 5> kind_of_question{};
  AnswerKind kind{};
  SecurityStatus security{};
  std::uint8_t hits = 0;
  std::uint8_t text_size = 0;
  bool has_extended_error = false;
  bool refreshing = false;
  bool crosses = false;

  std::uint8_t* wire() { return reinterpret_cast<std::uint8_t*>(this + 1); }
  const std::uint8_t* wire() const { return reinterpret_cast<const std::uint8_t*>(this + 1); }
  std::size_t offsets_at() const { return (wire_size + 1U) & ~std::size_t{1}; }
  std::uint16_t* ttl_offsets() { return reinterpret_cast<std::uint16_t*>(wire() + offsets_at()); }
  char* text() { return reinterpret_cast<char*>(ttl_offsets() + ttl_count); }
  /// The kept QNAME, in lower case.
  Bytes name() const {
    std::size_t end = 12;
    while (wire()[end] != 0) end += wire()[end] + 1U;
    return {wire() + 12, end + 1 - 12};
  }
  std::size_t size() const { return sizeof(Entry) + offsets_at() + 2U * ttl_count + text_size; }

  bool matches(const CacheKey& key) const {
    const Bytes name = key.name();
    return hash == key.hash() && kind_of_question == key.kind() && wire_size >= 12 + name.size() + 4 &&
           std::memcmp(wire() + 12, name.data(), name.size()) == 0;
  }

  static Entry* make(const CacheKey& key, const AnswerImage& image, Instant now);
  static void destroy(Entry* entry) { std::free(entry); }
};

Cache::Entry* Cache::Entry::make(const CacheKey& key, const AnswerImage& image, Instant now) {
  Entry head;
  head.hash = key.hash();
  head.stored = now;
  head.ttl = image.ttl;
  head.touched = static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::seconds(1));
  head.wire_size = static_cast<std::uint16_t>(image.wire.size());
  head.ttl_count = static_cast<std::uint16_t>(image.ttl_offsets.size());
  head.kind_of_question = key.kind();
  head.kind = image.kind;
  head.security = image.security;
  head.crosses = image.crosses;
  if (image.extended_error) {
    head.has_extended_error = true;
    head.extended_error = image.extended_error->code;
    head.text_size = static_cast<std::uint8_t>(std::min(image.extended_error->text.size(), ExtendedError::max_text));
  }
  void* block = std::malloc(head.size());
  if (block == nullptr) return nullptr;
  auto* entry = new (block) Entry(head);
  std::copy(image.wire.begin(), image.wire.end(), entry->wire());
  // The reply echoes the client's own question, so the kept one can be the key.
  std::copy(key.name().begin(), key.name().end(), entry->wire() + 12);
  std::copy(image.ttl_offsets.begin(), image.ttl_offsets.end(), entry->ttl_offsets());
  if (image.extended_error) std::copy_n(image.extended_error->text.data(), entry->text_size, entry->text());
  return entry;
}

namespace {

constexpr std::size_t least_shard = std::size_t{1} << 20;
constexpr std::size_t most_shards = 16;
constexpr std::size_t least_slots = 32;

/// Long enough for another thread that waits for a lock to get it.
constexpr auto pause = std::chrono::microseconds(100);

/// What malloc really takes for a block: its own word, rounded up to 16.
std::size_t block_cost(std::size_t size) { return (size + 8 + 15) & ~std::size_t{15}; }

std::uint32_t age_at(Instant now, Instant stored) {
  return static_cast<std::uint32_t>(std::max(Duration::zero(), now - stored) / std::chrono::seconds(1));
}

std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

Cache::Cache(const CacheConfig& config) : seed_(HashSeed::random()) {
  std::size_t count = 1;
  while (count < most_shards && config.size / (count * 2) >= least_shard) count *= 2;
  shards_ = std::vector<Shard>(count);
  set_config(config);
}

void Cache::set_config(const CacheConfig& config) {
  min_ttl_ = config.min_ttl;
  max_ttl_ = config.max_ttl;
  max_negative_ttl_ = config.max_negative_ttl;
  if (size_.exchange(config.size) == config.size) return;
  for (Shard& shard : shards_)
    while (!fit_into(shard, config.size / shards_.size())) std::this_thread::sleep_for(pause);
}

/// Comes closer to a budget by at most so many evictions as a part has slots; true if it applies now. Until then others
/// that store something evict no more than that takes.
bool Cache::fit_into(Shard& shard, std::size_t budget) {
  const std::lock_guard lock(shard.mutex);
  auto& statistics = shard.statistics;
  for (std::size_t left = walk_slots; over(shard, slots_needed(shard), budget) && shard.oldest != nullptr; --left) {
    if (left == 0) {
      statistics.budget = statistics.octets + table_cost(shard.slots.size());
      return false;
    }
    ++statistics.evicted;
    erase(shard, shard.oldest);
  }
  statistics.budget = budget;
  fit(shard);
  return true;
}

Cache::~Cache() { clear(); }

std::size_t Cache::cost(const Entry& entry) { return block_cost(entry.size()); }

Cache::Entry* Cache::look_up(const Shard& shard, const CacheKey& key) {
  if (shard.slots.empty()) return nullptr;
  const std::size_t mask = shard.slots.size() - 1;
  const std::uint32_t tag = tag_of(key.hash());
  for (std::size_t at = home(key.hash(), shard.slots.size()); shard.slots[at].entry != nullptr; at = (at + 1) & mask)
    if (shard.slots[at].tag == tag && shard.slots[at].entry->matches(key)) return shard.slots[at].entry;
  return nullptr;
}

void Cache::approach(const CacheKey& key) const {
  constexpr std::size_t line = 64, lines = 4;  // the head, and the image of most answers
  const Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (shard.slots.empty()) return;
  const std::uint32_t tag = tag_of(key.hash());
  std::size_t at = home(key.hash(), shard.slots.size());
  while (shard.slots[at].entry != nullptr && shard.slots[at].tag != tag) at = (at + 1) & (shard.slots.size() - 1);
  const auto* entry = reinterpret_cast<const char*>(shard.slots[at].entry);
  for (std::size_t i = 0; entry != nullptr && i < lines; ++i) __builtin_prefetch(entry + i * line);
}

std::uint32_t max_ttl_of(AnswerKind kind, const CacheConfig& config) {
  const bool negative = kind == AnswerKind::nxdomain || kind == AnswerKind::nodata;
  return negative ? std::min(config.max_ttl, config.max_negative_ttl) : config.max_ttl;
}

std::uint32_t Cache::lifetime(std::uint32_t ttl, AnswerKind kind) const {
  const CacheConfig limits = config();
  return std::min(std::max(ttl, limits.min_ttl), max_ttl_of(kind, limits));
}

bool Cache::hit(Shard& shard, Entry& entry, Instant now, CachedAnswer& answer) const {
  const std::uint32_t age = age_at(now, entry.stored);
  const std::uint32_t lives = lifetime(entry.ttl, entry.kind);
  if (age >= lives && age - lives >= stale_limit) return false;

  if (entry.hits < 255) ++entry.hits;
  const auto second = static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::seconds(1));
  if (entry.touched != second && shard.newest != &entry) {
    entry.touched = second;
    // Unlink, then put in front.
    entry.newer->older = entry.older;
    (entry.older != nullptr ? entry.older->newer : shard.oldest) = entry.newer;
    entry.newer = nullptr;
    entry.older = shard.newest;
    shard.newest->newer = &entry;
    shard.newest = &entry;
  }

  answer.image = {entry.wire(), entry.wire_size};
  answer.ttl_offsets = {entry.ttl_offsets(), entry.ttl_count};
  answer.kind = entry.kind;
  answer.security = entry.security;
  answer.age = age;
  answer.lifetime = lives;
  if (entry.has_extended_error) answer.extended_error = entry.extended_error;
  answer.extended_error_text = {entry.text(), entry.text_size};
  answer.fresh = age < lives;
  answer.refresh_due = answer.fresh && !entry.refreshing && entry.hits >= 2 && lives - age <= lives / 10;
  if (answer.refresh_due) entry.refreshing = true;
  return true;
}

void Cache::store(const CacheKey& key, const AnswerImage& image, Instant now) {
  if (image.ttl == 0 || image.kind == AnswerKind::failure || lifetime(image.ttl, image.kind) == 0) return;
  if (image.wire.size() > 65535 || image.wire.size() < 12 + key.name().size() + 4) return;
  Entry* fresh = Entry::make(key, image, now);
  if (fresh == nullptr) return;
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (Entry* old = look_up(shard, key)) {
    fresh->hits = old->hits;  // popularity outlives a refresh
    erase(shard, old);
  }
  insert(shard, fresh);
}

bool Cache::full(const Shard& shard) { return (shard.statistics.entries + 1) * 4 > shard.slots.size() * 3; }

std::size_t Cache::grown(const Shard& shard) { return std::max(least_slots, shard.slots.size() * 2); }

void Cache::insert(Shard& shard, Entry* entry) {
  auto& statistics = shard.statistics;
  // The table grows only into room that is free: what is kept is worth more than short ways to it.
  if (full(shard) && statistics.octets + cost(*entry) + table_cost(grown(shard)) <= statistics.budget)
    try_rehash(shard, grown(shard));
  const std::size_t needed = cost(*entry) + table_cost(shard.slots.size());
  if (shard.slots.empty() || needed > statistics.budget) return Entry::destroy(entry);
  while (shard.oldest != nullptr && (full(shard) || statistics.octets + needed > statistics.budget)) {
    ++statistics.evicted;
    erase(shard, shard.oldest);
  }
  const std::size_t mask = shard.slots.size() - 1;
  std::size_t at = home(entry->hash, shard.slots.size());
  while (shard.slots[at].entry != nullptr) at = (at + 1) & mask;
  shard.slots[at] = {entry, tag_of(entry->hash)};
  entry->older = shard.newest;
  (shard.newest != nullptr ? shard.newest->newer : shard.oldest) = entry;
  shard.newest = entry;
  statistics.octets += cost(*entry);
  ++statistics.entries;
  ++statistics.stored;
}

void Cache::erase(Shard& shard, Entry* entry) {
  const std::size_t mask = shard.slots.size() - 1;
  std::size_t hole = home(entry->hash, shard.slots.size());
  while (shard.slots[hole].entry != entry) hole = (hole + 1) & mask;
  // Close the gap: what stands behind it moves up unless it would come before its home.
  for (std::size_t at = (hole + 1) & mask; shard.slots[at].entry != nullptr; at = (at + 1) & mask) {
    const std::size_t wish = home(shard.slots[at].entry->hash, shard.slots.size());
    if (((at - wish) & mask) < ((at - hole) & mask)) continue;
    shard.slots[hole] = shard.slots[at];
    hole = at;
  }
  shard.slots[hole] = {};

  (entry->newer != nullptr ? entry->newer->older : shard.newest) = entry->older;
  (entry->older != nullptr ? entry->older->newer : shard.oldest) = entry->newer;
  shard.statistics.octets -= cost(*entry);
  --shard.statistics.entries;
  Entry::destroy(entry);
}

/// The least table that holds what there is.
std::size_t Cache::slots_needed(const Shard& shard) {
  std::size_t slots = shard.oldest != nullptr ? least_slots : 0;
  while (slots > 0 && shard.statistics.entries * 4 > slots * 3) slots *= 2;
  return slots;
}

/// True if the entries, with a table of so many slots, take more than a budget.
bool Cache::over(const Shard& shard, std::size_t slots, std::size_t budget) {
  return shard.statistics.octets + table_cost(slots) > budget;
}

/// Evicts until entries, and a table no larger than they need, are within the budget.
void Cache::fit(Shard& shard) {
  const std::size_t budget = shard.statistics.budget;
  while (shard.oldest != nullptr && over(shard, slots_needed(shard), budget)) {
    ++shard.statistics.evicted;
    erase(shard, shard.oldest);
  }
  if (over(shard, shard.slots.size(), budget)) try_rehash(shard, slots_needed(shard));
}

/// Without memory the table stays as it is.
void Cache::try_rehash(Shard& shard, std::size_t count) {
  try {
    rehash(shard, count);
  } catch (const std::bad_alloc&) {
    log::escaped("a larger table for the cache");
  }
}

void Cache::rehash(Shard& shard, std::size_t count) {
  std::vector<Slot> slots(count);
  for (const auto& [entry, tag] : shard.slots) {
    if (entry == nullptr) continue;
    std::size_t at = home(entry->hash, slots.size());
    while (slots[at].entry != nullptr) at = (at + 1) & (slots.size() - 1);
    slots[at] = {entry, tag};
  }
  static_cast<void>(change_table(shard, std::move(slots)));
}

/// Returns the former table.
std::vector<Cache::Slot> Cache::change_table(Shard& shard, std::vector<Slot> slots) {
  shard.slots.swap(slots);
  shard.table = reinterpret_cast<std::uintptr_t>(shard.slots.data());
  shard.table_size = std::max<std::size_t>(1, shard.slots.size());
  ++shard.layout;
  return slots;
}

std::size_t Cache::clear() {
  std::size_t count = 0;
  for (Shard& shard : shards_) {
    std::vector<Slot> slots;
    Entry* oldest = nullptr;
    {
      const std::lock_guard lock(shard.mutex);
      slots = change_table(shard, {});
      oldest = std::exchange(shard.oldest, nullptr);
      shard.newest = nullptr;
      count += std::exchange(shard.statistics.entries, std::size_t{0});
      shard.statistics.octets = 0;
    }
    while (oldest != nullptr) Entry::destroy(std::exchange(oldest, oldest->newer));
  }
  return count;
}

/// An answer whose aliases lead elsewhere has parts that are other names' answers, too.
bool Cache::is_meant(const Entry& entry, const Name& name, Reach reach) {
  const auto meant = [&](const Name& owner) { return reach == Reach::name_only ? owner == name : owner.under(name); };
  if (meant(Name::from_checked_wire(entry.name()))) return true;
  if (!entry.crosses) return false;
  const Bytes wire{entry.wire(), entry.wire_size};
  bool found = false;
  for_each_record(wire, index_message(wire).value(), [&](const ResourceRecord& record) {
    found = found || (record.section != Section::additional && meant(expand_name(wire, record.owner)));
    if (record.type == Type::cname && record.rclass == Class::in)
      found = found || meant(expand_name(wire, record.rdata));
  });
  return found;
}

std::size_t Cache::remove(const Name& name, Reach reach) {
  std::size_t count = 0;
  for (CacheSweep sweep; !sweep.done;) {
    count += remove(sweep, name, reach);
    if (sweep.slot > 0) std::this_thread::sleep_for(pause);
  }
  return count;
}

/// A part ends before an empty slot: nothing behind that has its home before it, so nothing can move from there to
/// where the sweep has been, unless the whole table is made anew.
std::size_t Cache::remove(CacheSweep& sweep, const Name& name, Reach reach) {
  std::size_t count = 0;
  Shard& shard = shards_[sweep.shard];
  const std::lock_guard lock(shard.mutex);
  if (sweep.layout != shard.layout) sweep.slot = 0;
  sweep.layout = shard.layout;
  const std::size_t end = sweep.slot + walk_slots;
  while (sweep.slot < shard.slots.size()) {
    Entry* entry = shard.slots[sweep.slot].entry;
    if (entry == nullptr && sweep.slot >= end) return count;
    if (entry == nullptr || !is_meant(*entry, name, reach)) {
      ++sweep.slot;
      continue;
    }
    erase(shard, entry);  // and whatever moves up into its slot is looked at next
    ++count;
  }
  sweep = {.done = sweep.shard + 1 == shards_.size(), .shard = sweep.shard + 1};
  return count;
}

bool CacheEntry::expired() const { return age >= lifetime && age - lifetime >= Cache::stale_limit; }

CacheEntry Cache::show(const Entry& entry, Instant now) const {
  const CacheKey::Kind asked = CacheKey::read(entry.kind_of_question);
  return {.name = Name::from_checked_wire(entry.name()),
          .type = asked.type,
          .qclass = asked.qclass,
          .dnssec_ok = asked.dnssec_ok,
          .checking_disabled = asked.checking_disabled,
          .kind = entry.kind,
          .rcode = static_cast<Rcode>(entry.wire()[3] & flag::rcode_mask),
          .age = age_at(now, entry.stored),
          .lifetime = lifetime(entry.ttl, entry.kind),
          .octets = cost(entry)};
}

std::optional<CacheEntry> Cache::peek(const CacheKey& key, Instant now) const {
  const Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const Entry* entry = look_up(shard, key);
  if (entry == nullptr) return std::nullopt;
  return show(*entry, now);
}

std::vector<CacheEntry> Cache::next(CacheWalk& walk, Instant now) const {
  std::vector<CacheEntry> part;
  part.reserve(walk_slots);  // not under the lock
  const Shard& shard = shards_[walk.shard];
  const std::lock_guard lock(shard.mutex);
  const std::size_t slots = shard.slots.size();
  if (walk.slot > 0 && slots > walk.slots) {  // it grew, and everything moved: from the start, without what was met
    walk.seen = walk.slot;
    walk.seen_of = walk.slots;
    walk.slot = 0;
  }
  walk.slots = slots;
  for (const std::size_t end = std::min(walk.slot + walk_slots, slots); walk.slot < end; ++walk.slot) {
    const Entry* entry = shard.slots[walk.slot].entry;
    if (entry != nullptr && home(entry->hash, walk.seen_of) >= walk.seen) part.push_back(show(*entry, now));
  }
  if (walk.slot >= slots) walk = {.done = walk.shard + 1 == shards_.size(), .shard = walk.shard + 1};
  return part;
}

CacheStatistics Cache::statistics() const {
  CacheStatistics sum;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum.entries += shard.statistics.entries;
    sum.octets += shard.statistics.octets + table_cost(shard.slots.size());
    sum.budget += shard.statistics.budget;
    sum.stored += shard.statistics.stored;
    sum.evicted += shard.statistics.evicted;
  }
  return sum;
}

}  // namespace tacet
