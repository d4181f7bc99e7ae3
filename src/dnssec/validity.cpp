#include "dnssec/validity.hpp"

#include <algorithm>

namespace tacet {
namespace {

constexpr std::int32_t minute = 60, hour = 3600, day = 86400;

/// The moment as RRSIG records count it: seconds modulo 2^32.
std::uint32_t serial_of(WallTime now) {
  return static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
}

/// How far `to` lies behind `from`, in serial number arithmetic (RFC 1982); negative if before it.
std::int32_t distance(std::uint32_t from, std::uint32_t to) { return static_cast<std::int32_t>(to - from); }

}  // namespace

Validity validity_of(const Rrsig& signature, WallTime now) {
  if (!clock_is_set(now)) return Validity::valid;
  const std::int32_t life = distance(signature.inception, signature.expiration);
  if (life < 0) return Validity::inverted;
  const std::int32_t tolerance = std::clamp(life / 10, hour, day);
  const std::uint32_t moment = serial_of(now);
  if (distance(moment, signature.inception) > tolerance) return Validity::not_yet;
  if (distance(signature.expiration, moment) > tolerance) return Validity::expired;
  return Validity::valid;
}

std::uint32_t seconds_left(const Rrsig& signature, WallTime now) {
  if (!clock_is_set(now)) return 0xFFFFFFFF;
  return static_cast<std::uint32_t>(std::max(distance(serial_of(now), signature.expiration), minute));
}

}  // namespace tacet
