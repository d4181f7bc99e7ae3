#pragma once
#include <cstdint>

#include "dnssec/rrset.hpp"
#include "tacet/instant.hpp"

namespace tacet {

/// A clock before this moment is not set: this program did not exist then.
inline constexpr WallTime earliest_time = std::chrono::sys_days{std::chrono::year{2026} / 11 / 1};

/// True if the time of day can be right. While it cannot, signatures are verified without their windows.
constexpr bool clock_is_set(WallTime now) { return now >= earliest_time; }

/// Where a moment lies in the life of a signature (RFC 4034 §3.1.5, serial number arithmetic).
enum class Validity : std::uint8_t { valid, not_yet, expired, inverted };

/// With the tolerance for wrong clocks that unbound has: a tenth of the signature's life, at least an hour, at most a
/// day. Always valid if the clock is not set.
Validity validity_of(const Rrsig& signature, WallTime now);

/// Seconds until the signature ends. At least a minute, so that one within the tolerance can be used; no limit if the
/// clock is not set.
std::uint32_t seconds_left(const Rrsig& signature, WallTime now);

}  // namespace tacet
