#include "pool/slow_zones.hpp"

#include <algorithm>

#include "base/word.hpp"

namespace tacet {
namespace {

constexpr std::size_t most_labels = 3;

/// Hashes the labels of the zone in lower case. Two zones that collide share their record. That only costs or saves a
/// second copy, so the hash needs no key.
std::uint64_t zone_hash(const Name& name) {
  const std::size_t labels = name.label_count();
  const std::size_t kept = labels < 3 ? labels : std::min(labels - 1, most_labels);
  const Bytes wire = name.wire();
  std::size_t at = 0;
  for (std::size_t left = labels; left > kept; --left) at += wire[at] + 1U;
  return hash_of(wire.subspan(at), fold_word);
}

std::uint32_t mark_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32U); }

}  // namespace

float SlowZones::share_of(std::uint64_t hash, Instant now) const {
  const Place& place = places_[hash % places];
  return place.mark == mark_of(hash) && now - place.told < memory ? place.slow_share : prior;
}

SlowZones::Pace SlowZones::of(const Name& name, Instant now) const {
  const float share = share_of(zone_hash(name), now);
  if (share < fast_below) return Pace::fast;
  return share > slow_above ? Pace::slow : Pace::unknown;
}

void SlowZones::note(const Name& name, bool fast, Instant now) {
  const std::uint64_t hash = zone_hash(name);
  const float share = share_of(hash, now);
  places_[hash % places] = {mark_of(hash), share + step * ((fast ? 0.0F : 1.0F) - share), now};
}

}  // namespace tacet
