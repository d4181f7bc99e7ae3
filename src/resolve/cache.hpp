#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "dns/answer_image.hpp"
#include "resolve/cache_shard.hpp"
#include "resolve/recheck.hpp"
#include "tacet/config.hpp"
#include "tacet/instant.hpp"

namespace tacet {

/// A kept answer as find() shows it: valid only inside the call, under the shard's lock.
struct CachedAnswer {
  Bytes image;                                 ///< AnswerImage::wire, the QNAME in lower case
  std::span<const std::uint16_t> ttl_offsets;  ///< AnswerImage::ttl_offsets
  AnswerKind kind;
  SecurityStatus security;
  std::uint32_t age;       ///< whole seconds since it was stored
  std::uint32_t lifetime;  ///< seconds it counts as fresh, clamps applied
  std::optional<std::uint16_t> extended_error;
  std::string_view extended_error_text;
  bool fresh;        ///< age < lifetime; else it is stale, and at most a day so
  bool refresh_due;  ///< popular and in the last tenth of its lifetime: said once, so whoever sees it shall refresh it
};

/// The most that an answer of a kind counts as fresh, seconds: negative ones have a limit of their own.
std::uint32_t max_ttl_of(AnswerKind kind, const CacheConfig& config);

/// What is kept under one question, for people to look at: everything but the records.
struct CacheEntry {
  Name name;  ///< in lower case
  Type type = Type::a;
  Class qclass = Class::in;
  bool dnssec_ok = false, checking_disabled = false;  ///< of the clients that it is for
  AnswerKind kind = AnswerKind::positive;
  Rcode rcode = Rcode::noerror;
  std::uint32_t age = 0;       ///< seconds
  std::uint32_t lifetime = 0;  ///< seconds it counts as fresh, clamps applied
  std::size_t octets = 0;      ///< of memory

  bool is_plain() const { return !dnssec_ok && !checking_disabled; }
  bool fresh() const { return age < lifetime; }
  /// Stale for so long that it is not served any more.
  bool expired() const;
};

/// Where a walk over everything kept has got to.
struct CacheWalk {
  bool done = false;
  std::size_t shard = 0;
  std::size_t slot = 0;   ///< of the shard's table
  std::size_t slots = 0;  ///< that the table had when last looked at
  /// The table grew under way: entries whose home was among the first `seen` of `seen_of` slots have been met already.
  std::size_t seen = 0, seen_of = 1;
};

/// Where a removal has got to.
struct CacheSweep {
  bool done = false;
  std::size_t shard = 0;
  std::size_t slot = 0;      ///< of the shard's table
  std::uint64_t layout = 0;  ///< of that table when last looked at
};

/// Answers kept in memory, shared by all workers: a strict budget in octets that counts everything, the least recently
/// used evicted first, one short lock per shard. Time and TTLs follow RFC 1035 §3.2.1, RFC 2308 and, for what outlives
/// its TTL by at most a day, RFC 8767.
class Cache {
public:
  /// How long an answer may be served after it went stale.
  static constexpr std::uint32_t stale_limit = 86400;

  explicit Cache(const CacheConfig& config);
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  const HashSeed& seed() const { return seed_; }
  /// What applies now. Any thread.
  CacheConfig config() const {
    constexpr auto relaxed = std::memory_order_relaxed;
    return {size_.load(relaxed), min_ttl_.load(relaxed), max_ttl_.load(relaxed), max_negative_ttl_.load(relaxed)};
  }
  /// Applies another configuration from now on: whatever is kept is seen through the new limits at once, for it is kept
  /// with the TTL it came with. A smaller size evicts the least recently used, few under one lock: not for a worker's
  /// thread, for it sleeps between them. Any other thread.
  void set_config(const CacheConfig& config);

  /// find() of this key follows soon: has the memory fetched that it looks at first, and takes no lock for that.
  [[gnu::always_inline]] void expect(const CacheKey& key) const { shard_of(key).expect(key.hash()); }

  /// And then the answer itself, once what expect() fetches is there.
  void approach(const CacheKey& key) const;

  /// Calls `visit(const CachedAnswer&)` if an answer is kept that is fresh or not too stale; true if it did. Never
  /// allocates. Counts as a use.
  template <class Visit>
  bool find(const CacheKey& key, Instant now, Visit&& visit) {
    CacheShard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    CacheBlock* block = shard.find(key);
    CachedAnswer answer;
    if (block == nullptr || !hit(shard, *block, now, answer)) return false;
    visit(static_cast<const CachedAnswer&>(answer));
    return true;
  }

  /// Keeps an answer, in place of an older one; nothing happens if its TTL is 0, it is a failure, or larger than a
  /// shard.
  void store(const CacheKey& key, const AnswerImage& image, Instant now);

  /// Forgets everything; returns how many answers that were. A shard's lock is held for a moment only.
  std::size_t clear();
  /// Forgets all answers for a name, or for it and all names below, and those whose aliases lead there from elsewhere;
  /// returns how many. Sleeps between its parts: not for
  /// a worker's thread.
  enum class Reach { name_only, with_descendants };
  std::size_t remove(const Name& name, Reach reach);
  /// The next part of that, under one lock: walk_slots slots, and on to the next empty one. What was there when the
  /// sweep began is gone when it is done, whatever comes and goes between two parts.
  std::size_t remove(CacheSweep& sweep, const Name& name, Reach reach);

  CacheStatistics statistics() const;

  /// What is known of refreshes that failed: of no use to the cache, but to all who share it.
  Recheck& recheck() { return recheck_; }

  /// What is kept under a key, however old. Does not count as a use.
  std::optional<CacheEntry> peek(const CacheKey& key, Instant now) const;

  /// A walk looks at so many slots of a shard's table under one lock, so that no hit waits long for it.
  static constexpr std::size_t walk_slots = 256;
  /// The next part of what is kept. What comes, goes or moves between two parts may be missed, and hardly ever met
  /// twice. Let others run in between.
  std::vector<CacheEntry> next(CacheWalk& walk, Instant now) const;

  /// What an entry costs beyond its wire image, at the most (tested).
  static constexpr std::size_t overhead_limit = 160;

private:
  CacheShard& shard_of(const CacheKey& key) { return shards_[key.hash() & (shards_.size() - 1)]; }
  const CacheShard& shard_of(const CacheKey& key) const { return shards_[key.hash() & (shards_.size() - 1)]; }
  bool hit(CacheShard& shard, CacheBlock& block, Instant now, CachedAnswer& answer) const;
  std::uint32_t lifetime(std::uint32_t ttl, AnswerKind kind) const;
  CacheEntry show(const CacheBlock& block, Instant now) const;
  static bool is_meant(const CacheBlock& block, const Name& name, Reach reach);

  // A CacheConfig, for readers that take no lock: whoever sees one half changed shows an odd TTL once.
  std::atomic<std::size_t> size_{0};
  std::atomic<std::uint32_t> min_ttl_{0}, max_ttl_{0}, max_negative_ttl_{0};
  HashSeed seed_;
  std::vector<CacheShard> shards_;
  Recheck recheck_;
};

}  // namespace tacet
