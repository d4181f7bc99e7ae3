#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "resolve/cache/cache_key.hpp"
#include "tacet/instant.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// Remembers failed refreshes, so that clients do not wait to find out again (RFC 8767 §5, "failure recheck timer"). A
/// query for a stale name then gets the stale answer at once, and one refresh at a time runs behind it. For a name with
/// a failed refresh that lasts 30 s from its last failure. For all names of a zone it lasts while the zone's upstreams
/// answer nothing; the root stands for all names in no zone of the local network. Shared by all workers; bounded; time
/// is an argument.
class Recheck {
public:
  static constexpr Duration held = std::chrono::seconds(30);
  /// How long a query waits for a fresh answer if it has a stale one (RFC 8767 §5). The shorter time applies while one
  /// other name got no answer at all, which may be that name's own fault.
  static constexpr Duration patience = std::chrono::milliseconds(1800),
                            doubting_patience = std::chrono::milliseconds(400);
  /// The time between the end of a failed refresh and the next one.
  static constexpr Duration pause = std::chrono::seconds(1);
  static constexpr std::size_t limit = 1024;

  /// How a refresh ended without a fresh answer.
  enum class Failure : std::uint8_t {
    silence,      ///< no answer came (perhaps because of the name), or it takes longer than the patience
    unreachable,  ///< no upstream can be asked anything
    answer,       ///< an upstream answered that it cannot get the answer (SERVFAIL)
  };
  /// The failure for this error of the upstreams.
  static Failure failure_of(const Error& error);

  /// How many times upstreams of a zone have answered.
  std::uint64_t answers(const Name& zone) const;
  /// An upstream answered, even with a failure: ends what was held because all were silent.
  void answered(const Name& zone);
  /// A fresh answer came: ends the hold of this name.
  void refreshed(const CacheKey& key);

  /// The question, and the zone's count of answers when the attempt began.
  struct Attempt {
    const Name& zone;
    const CacheKey& key;
    std::uint64_t answers;
  };
  /// The attempt failed. If the name is held already, its time begins anew.
  void failed(const Attempt& attempt, Failure failure, Instant now);
  /// The same for a name with a stale answer at hand: it is held from now on. Throws std::bad_alloc.
  void hold(const Attempt& attempt, Failure failure, Instant now);

  /// How long a query of a stale name may wait for a fresh answer; zero means not at all.
  Duration patience_for(const Name& zone, const CacheKey& key, Instant now) const;
  /// True if a refresh shall begin now, behind a stale answer given at once: none is running, and none ended a moment
  /// ago. It ends by `deadline`. Throws std::bad_alloc.
  bool begin(const CacheKey& key, Instant now, Instant deadline);

  /// The network changed, or the upstreams did: every refresh may succeed now.
  void forget();

private:
  struct Hold {
    Instant until{};
    Instant next{};                        // no further refresh begins before that
    std::optional<std::uint64_t> general;  // the zone, if it gave no answer meanwhile: its next one ends this
  };
  struct Zone {
    std::uint64_t answers = 0;
    Instant silent_until{};
    std::optional<Name> silent;  // the first name without an answer since the last answer
    bool all_silent = false;     // a second name got none either, or no upstream was reachable
    bool holds_names = false;    // names are held because of the zone's silence
  };
  void fail(const Attempt& attempt, Failure failure, Instant now);
  Hold& held_of(const CacheKey& key, Instant now);

  mutable std::mutex mutex_;
  std::unordered_map<CacheKey, Hold, CacheKeyHash> names_;
  std::unordered_map<std::uint64_t, Zone> zones_;
};

}  // namespace tacet
