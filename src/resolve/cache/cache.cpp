#include "resolve/cache/cache.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "dns/record_walk.hpp"

namespace tacet {

namespace {

constexpr std::size_t least_shard = std::size_t{1} << 20;
constexpr std::size_t most_shards = 16;

/// Long enough for another thread to get the lock that it waits for.
constexpr auto pause = std::chrono::microseconds(100);

std::uint32_t second_of(Instant now) {
  return static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::seconds(1));
}

std::uint32_t age_at(Instant now, Instant stored) {
  return static_cast<std::uint32_t>(std::max(Duration::zero(), now - stored) / std::chrono::seconds(1));
}

}  // namespace

Cache::Cache(const CacheConfig& config) : seed_(HashSeed::random()) {
  std::size_t count = 1;
  while (count < most_shards && config.size / (count * 2) >= least_shard) count *= 2;
  shards_ = std::vector<CacheShard>(count);
  set_config(config);
}

Cache::~Cache() { clear(); }

void Cache::set_config(const CacheConfig& config) {
  min_ttl_ = config.min_ttl;
  max_ttl_ = config.max_ttl;
  max_negative_ttl_ = config.max_negative_ttl;
  followers_ = config.followers;
  stale_ = config.stale;
  if (size_.exchange(config.size) == config.size) return;
  const auto comes_to_size = [budget = config.size / shards_.size()](CacheShard& shard) {
    const std::lock_guard lock(shard.mutex);
    return shard.approach_budget(budget, walk_slots);
  };
  for (CacheShard& shard : shards_)
    while (!comes_to_size(shard)) std::this_thread::sleep_for(pause);
}

void Cache::approach(const CacheKey& key) const {
  const CacheShard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  shard.approach(key.hash());
}

std::uint32_t max_ttl_of(AnswerKind kind, const CacheConfig& config) {
  const bool negative = kind == AnswerKind::nxdomain || kind == AnswerKind::nodata;
  return negative ? std::min(config.max_ttl, config.max_negative_ttl) : config.max_ttl;
}

std::uint32_t Cache::lifetime(std::uint32_t ttl, AnswerKind kind) const {
  const CacheConfig limits = config();
  return std::min(std::max(ttl, limits.min_ttl), max_ttl_of(kind, limits));
}

bool Cache::hit(CacheShard& shard, CacheBlock& block, Instant now, CachedAnswer& answer) const {
  const std::uint32_t age = age_at(now, block.stored);
  const std::uint32_t lives = lifetime(block.ttl, block.kind);
  if (age >= lives && age - lives >= stale_limit) return false;

  shard.touch(block, second_of(now));

  answer.image = {block.wire(), block.wire_size};
  answer.ttl_offsets = {block.ttl_offsets(), block.ttl_count};
  answer.kind = block.kind;
  answer.security = block.security;
  answer.age = age;
  answer.lifetime = lives;
  if (block.has_extended_error) answer.extended_error = block.extended_error;
  answer.extended_error_text = {block.text(), block.text_size};
  answer.fresh = age < lives;
  answer.proved = age >= block.useful_from ? std::exchange(block.ahead, AheadKind::none) : AheadKind::none;
  // A guess that is not proved yet is followed by no other.
  answer.refresh_due = answer.fresh && !block.refreshing && block.ahead == AheadKind::none &&
                       refresh_pays(lives - age, lives, block.interval);
  if (answer.refresh_due) block.refreshing = true;
  return true;
}

void Cache::store(const CacheKey& key, const AnswerImage& image, Instant now, Ahead ahead) {
  if (image.ttl == 0 || image.kind == AnswerKind::failure || lifetime(image.ttl, image.kind) == 0) return;
  if (image.wire.size() > 65535 || image.wire.size() < 12 + key.name().size() + 4) return;
  CacheBlock* fresh = CacheBlock::make(key, image, now);
  if (fresh == nullptr) return;
  fresh->ahead = ahead.kind;
  if (ahead.useful_from > now)
    fresh->useful_from = static_cast<std::uint16_t>(std::min(age_at(ahead.useful_from, now) + 1, 65535U));
  CacheShard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (CacheBlock* old = shard.find(key)) {
    fresh->inherit(*old, second_of(now));
    shard.erase(old);
  }
  shard.insert(fresh);
}

std::optional<ExpiringAnswer> Cache::expiring(std::uint64_t hash, Instant now, Duration margin) const {
  const CacheShard& shard = shards_[hash & (shards_.size() - 1)];
  const std::lock_guard lock(shard.mutex);
  const CacheBlock* block = shard.find(hash);
  if (block == nullptr) return std::nullopt;
  const Instant expires = block->stored + std::chrono::seconds(lifetime(block->ttl, block->kind));
  if (expires > now + margin || now - expires >= std::chrono::seconds(stale_limit)) return std::nullopt;
  const CacheKey::Kind asked = CacheKey::read(block->kind_of_question);
  return ExpiringAnswer{{Name::from_checked_wire(block->name()), asked.type, asked.qclass},
                        asked.dnssec_ok,
                        asked.checking_disabled,
                        expires};
}

std::size_t Cache::clear() {
  ++clears_;
  std::size_t count = 0;
  for (CacheShard& shard : shards_) {
    CacheShard::Contents all;
    {
      const std::lock_guard lock(shard.mutex);
      all = shard.take_all();
    }
    count += all.entries;
    while (all.oldest != nullptr) CacheBlock::destroy(std::exchange(all.oldest, all.oldest->newer));
  }
  return count;
}

/// An answer whose aliases lead elsewhere also holds parts of other names' answers.
bool Cache::is_meant(const CacheBlock& block, const Name& name, Reach reach) {
  const auto meant = [&](const Name& owner) { return reach == Reach::name_only ? owner == name : owner.under(name); };
  if (meant(Name::from_checked_wire(block.name()))) return true;
  if (!block.crosses) return false;
  const Bytes wire{block.wire(), block.wire_size};
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

/// A part ends before an empty slot. No entry behind that slot has its home before it, so no entry can move from there
/// to where the sweep has been, unless the whole table is made anew.
std::size_t Cache::remove(CacheSweep& sweep, const Name& name, Reach reach) {
  std::size_t count = 0;
  CacheShard& shard = shards_[sweep.shard];
  const std::lock_guard lock(shard.mutex);
  if (sweep.layout != shard.layout()) sweep.slot = 0;
  sweep.layout = shard.layout();
  const std::size_t end = sweep.slot + walk_slots;
  while (sweep.slot < shard.slots().size()) {
    CacheBlock* block = shard.slots()[sweep.slot].block;
    if (block == nullptr && sweep.slot >= end) return count;
    if (block == nullptr || !is_meant(*block, name, reach)) {
      ++sweep.slot;
      continue;
    }
    shard.erase(block);  // an entry that moved up into its slot is next
    ++count;
  }
  sweep = {.done = sweep.shard + 1 == shards_.size(), .shard = sweep.shard + 1};
  return count;
}

bool CacheEntry::expired() const { return age >= lifetime && age - lifetime >= Cache::stale_limit; }

CacheEntry Cache::show(const CacheBlock& block, Instant now) const {
  const CacheKey::Kind asked = CacheKey::read(block.kind_of_question);
  return {.name = Name::from_checked_wire(block.name()),
          .type = asked.type,
          .qclass = asked.qclass,
          .dnssec_ok = asked.dnssec_ok,
          .checking_disabled = asked.checking_disabled,
          .kind = block.kind,
          .rcode = static_cast<Rcode>(block.wire()[3] & flag::rcode_mask),
          .security = block.security,
          .age = age_at(now, block.stored),
          .lifetime = lifetime(block.ttl, block.kind),
          .octets = block.cost()};
}

std::optional<CacheEntry> Cache::peek(const CacheKey& key, Instant now) const {
  const CacheShard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const CacheBlock* block = shard.find(key);
  if (block == nullptr) return std::nullopt;
  return show(*block, now);
}

std::vector<CacheEntry> Cache::next(CacheWalk& walk, Instant now) const {
  std::vector<CacheEntry> part;
  part.reserve(walk_slots);  // not under the lock
  const CacheShard& shard = shards_[walk.shard];
  const std::lock_guard lock(shard.mutex);
  const std::size_t slots = shard.slots().size();
  if (walk.slot > 0 && slots > walk.slots) {  // it grew and every entry moved: start again, without those met before
    walk.seen = walk.slot;
    walk.seen_of = walk.slots;
    walk.slot = 0;
  }
  walk.slots = slots;
  for (const std::size_t end = std::min(walk.slot + walk_slots, slots); walk.slot < end; ++walk.slot) {
    const CacheBlock* block = shard.slots()[walk.slot].block;
    if (block != nullptr && CacheShard::home(block->hash, walk.seen_of) >= walk.seen) part.push_back(show(*block, now));
  }
  if (walk.slot >= slots) walk = {.done = walk.shard + 1 == shards_.size(), .shard = walk.shard + 1};
  return part;
}

CacheStatistics Cache::statistics() const {
  CacheStatistics sum;
  for (const CacheShard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    const CacheStatistics part = shard.statistics();
    sum.entries += part.entries;
    sum.octets += part.octets;
    sum.budget += part.budget;
    sum.stored += part.stored;
    sum.evicted += part.evicted;
  }
  return sum;
}

}  // namespace tacet
