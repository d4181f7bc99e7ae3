#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "dns/answer_image.hpp"
#include "resolve/cache/cache_shard.hpp"
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
  std::uint32_t lifetime;  ///< seconds for which it counts as fresh, limits applied
  std::optional<std::uint16_t> extended_error;
  std::string_view extended_error_text;
  bool fresh;        ///< age < lifetime; otherwise it is stale, by at most a day
  bool refresh_due;  ///< will probably be asked for again after its end; true once, so the caller must refresh it
  AheadKind proved;  ///< the kind of guess that this use proves; none if it proves nothing
};

/// The longest time for which an answer of this kind counts as fresh, seconds. Negative answers have their own limit.
std::uint32_t max_ttl_of(AnswerKind kind, const CacheConfig& config);

/// A kept answer that has expired, or is about to.
struct ExpiringAnswer {
  Question question;  ///< in lower case
  bool dnssec_ok, checking_disabled;
  Instant expires;  ///< may be past
};

/// What the cache keeps under one question, without the records, for people to look at.
struct CacheEntry {
  Name name;  ///< in lower case
  Type type = Type::a;
  Class qclass = Class::in;
  bool dnssec_ok = false, checking_disabled = false;  ///< of the clients that it serves
  AnswerKind kind = AnswerKind::positive;
  Rcode rcode = Rcode::noerror;
  SecurityStatus security = SecurityStatus::indeterminate;
  std::uint32_t age = 0;       ///< seconds
  std::uint32_t lifetime = 0;  ///< seconds for which it counts as fresh, limits applied
  std::size_t octets = 0;      ///< of memory

  bool is_plain() const { return !dnssec_ok && !checking_disabled; }
  bool fresh() const { return age < lifetime; }
  /// Stale for too long to be served.
  bool expired() const;
};

/// How far a walk over all entries has got.
struct CacheWalk {
  bool done = false;
  std::size_t shard = 0;
  std::size_t slot = 0;   ///< of the shard's table
  std::size_t slots = 0;  ///< slots that the table had at the last look
  /// The table grew during the walk: it has met the entries whose home is among the first `seen` of `seen_of` slots.
  std::size_t seen = 0, seen_of = 1;
};

/// How far a removal has got.
struct CacheSweep {
  bool done = false;
  std::size_t shard = 0;
  std::size_t slot = 0;      ///< of the shard's table
  std::uint64_t layout = 0;  ///< that table's layout at the last look
};

/// Answers in memory, shared by all workers. The budget in octets is strict and counts everything; the least recently
/// used answer is evicted first; each shard has one short lock. Time and TTLs follow RFC 1035 §3.2.1, RFC 2308 and, for
/// answers that outlive their TTL by at most a day, RFC 8767.
class Cache {
public:
  /// How long an answer may be served after it went stale.
  static constexpr std::uint32_t stale_limit = 86400;

  explicit Cache(const CacheConfig& config);
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  const HashSeed& seed() const { return seed_; }
  /// The present settings. Any thread.
  CacheConfig config() const {
    constexpr auto relaxed = std::memory_order_relaxed;
    return {size_.load(relaxed),      min_ttl_.load(relaxed), max_ttl_.load(relaxed), max_negative_ttl_.load(relaxed),
            followers_.load(relaxed), stale_.load(relaxed)};
  }
  /// CacheConfig::followers and CacheConfig::stale. Any thread.
  bool learns_followers() const { return followers_.load(std::memory_order_relaxed); }
  StaleUse stale_use() const { return stale_.load(std::memory_order_relaxed); }
  /// Applies other settings. Entries keep the TTL with which they came, so the new limits apply to all of them at once.
  /// A smaller size evicts the least recently used entries, a few under each lock, and sleeps in between. So any thread
  /// may call it except a worker's.
  void set_config(const CacheConfig& config);

  /// find() of this key follows soon: fetches the first memory that it reads. Takes no lock.
  [[gnu::always_inline]] void expect(const CacheKey& key) const { shard_of(key).expect(key.hash()); }

  /// Fetches the answer itself. Call it once the memory of expect() has arrived.
  void approach(const CacheKey& key) const;

  /// Calls `visit(const CachedAnswer&)` if there is an answer that is fresh or not too stale; true if it did. Never
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

  /// Keeps an answer in place of an older one. Does nothing if its TTL is 0, if it is a failure, or if it is larger
  /// than a shard. `ahead` says whether it was fetched because a client asked.
  void store(const CacheKey& key, const AnswerImage& image, Instant now, Ahead ahead = {});

  /// The answer under the key with this hash, if it expires before `now` + `margin` and can still be served stale.
  /// Does not count as a use.
  std::optional<ExpiringAnswer> expiring(std::uint64_t hash, Instant now, Duration margin) const;

  /// Forgets all answers; returns how many. Holds each shard's lock for a moment only.
  std::size_t clear();
  /// How often clear() was called. Any thread.
  std::uint64_t clears() const { return clears_.load(std::memory_order_relaxed); }
  /// Forgets all answers for a name, or for it and all names below, and all answers with aliases that lead there;
  /// returns how many. It sleeps between its parts, so a worker's thread must not call it.
  enum class Reach { name_only, with_descendants };
  std::size_t remove(const Name& name, Reach reach);
  /// Does the next part of a removal under one lock: walk_slots slots, and on to the next empty one. At the end all
  /// entries from before the sweep are gone, no matter what changed between two parts.
  std::size_t remove(CacheSweep& sweep, const Name& name, Reach reach);

  CacheStatistics statistics() const;

  /// What is known of failed refreshes. The cache does not use it; all workers that share the cache do.
  Recheck& recheck() { return recheck_; }

  /// What the cache keeps under a key, of any age. Does not count as a use.
  std::optional<CacheEntry> peek(const CacheKey& key, Instant now) const;

  /// A walk reads this many slots of a shard's table under one lock, so that no hit waits long for it.
  static constexpr std::size_t walk_slots = 256;
  /// The next part of all entries. The walk may miss entries that come, go or move between two parts, and meets hardly
  /// any entry twice. Pause between two parts, so that other threads get the lock.
  std::vector<CacheEntry> next(CacheWalk& walk, Instant now) const;

  /// The most that an entry costs beyond its wire image (tested).
  static constexpr std::size_t overhead_limit = 160;

private:
  CacheShard& shard_of(const CacheKey& key) { return shards_[key.hash() & (shards_.size() - 1)]; }
  const CacheShard& shard_of(const CacheKey& key) const { return shards_[key.hash() & (shards_.size() - 1)]; }
  bool hit(CacheShard& shard, CacheBlock& block, Instant now, CachedAnswer& answer) const;
  std::uint32_t lifetime(std::uint32_t ttl, AnswerKind kind) const;
  CacheEntry show(const CacheBlock& block, Instant now) const;
  static bool is_meant(const CacheBlock& block, const Name& name, Reach reach);

  // A CacheConfig for readers that take no lock. A reader that sees half of a change shows a wrong TTL once.
  std::atomic<std::size_t> size_{0};
  std::atomic<std::uint32_t> min_ttl_{0}, max_ttl_{0}, max_negative_ttl_{0};
  std::atomic<bool> followers_{true};
  std::atomic<StaleUse> stale_{StaleUse::late};
  std::atomic<std::uint64_t> clears_{0};
  HashSeed seed_;
  std::vector<CacheShard> shards_;
  Recheck recheck_;
};

}  // namespace tacet
