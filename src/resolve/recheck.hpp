#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "resolve/cache_key.hpp"
#include "tacet/instant.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// What is known of refreshes that failed, so that nobody waits to find out again (RFC 8767 §5, "failure recheck
/// timer"): who asks for a stale name then has it at once, while one refresh at a time goes on behind. Of a name whose
/// refresh failed that holds for 30 s from its last failure; and of all names of a zone (the root stands for all that
/// is in no zone of the local network) while its upstreams answer nothing. Shared by all workers; bounded; told the
/// time.
class Recheck {
public:
  static constexpr Duration held = std::chrono::seconds(30);
  /// How long a query waits for a fresh answer when a stale one is at hand (RFC 8767 §5); and where one other name has
  /// met nothing but silence, which may be that name's own fault.
  static constexpr Duration patience = std::chrono::milliseconds(1800),
                            doubting_patience = std::chrono::milliseconds(400);
  /// The time between the end of a refresh that failed and the next.
  static constexpr Duration pause = std::chrono::seconds(1);
  static constexpr std::size_t limit = 1024;

  /// How a refresh ended without a fresh answer.
  enum class Failure : std::uint8_t {
    silence,      ///< nothing came, perhaps because of the name; or it takes longer than the patience
    unreachable,  ///< nobody can be asked for anything
    answer,       ///< somebody answered that it cannot be had (SERVFAIL)
  };
  /// What it means that the upstreams' answer is this error.
  static Failure failure_of(const Error& error);

  /// How often upstreams of a zone have answered.
  std::uint64_t answers(const Name& zone) const;
  /// One of them answers, be it a failure: what was held because all are silent is no longer true.
  void answered(const Name& zone);
  /// A fresh answer came: nothing is held of this name.
  void refreshed(const CacheKey& key);

  /// What is asked for, and how often the zone's upstreams had answered when that began.
  struct Attempt {
    const Name& zone;
    const CacheKey& key;
    std::uint64_t answers;
  };
  /// It failed. Of a name that is held already, the time begins anew.
  void failed(const Attempt& attempt, Failure failure, Instant now);
  /// The same for a name of which a stale answer is at hand: it is held from now on. Throws without memory.
  void hold(const Attempt& attempt, Failure failure, Instant now);

  /// How long a query of a stale name may wait for a fresh answer; zero: not at all.
  Duration patience_for(const Name& zone, const CacheKey& key, Instant now) const;
  /// True if a refresh shall begin now behind an answer given at once: none is under way, nor was a moment ago. At the
  /// latest at `deadline` it is over. Throws without memory.
  bool begin(const CacheKey& key, Instant now, Instant deadline);

  /// The network changed, or others are asked from now on: everything may work.
  void forget();

private:
  struct Hold {
    Instant until{};
    Instant next{};  // before that no further refresh begins
    std::optional<std::uint64_t>
        general;  // the zone, if nothing in it was answered meanwhile: the first answer ends it
  };
  struct Zone {
    std::uint64_t answers = 0;
    Instant silent_until{};
    std::optional<Name> silent;  // the first name that met silence since the last answer
    bool all_silent = false;     // and another one, or nobody could be reached
    bool holds_names = false;    // because of that
  };
  void fail(const Attempt& attempt, Failure failure, Instant now);
  Hold& held_of(const CacheKey& key, Instant now);

  mutable std::mutex mutex_;
  std::unordered_map<CacheKey, Hold, CacheKeyHash> names_;
  std::unordered_map<std::uint64_t, Zone> zones_;
};

}  // namespace tacet
