#pragma once
#include <optional>
#include <span>

#include "dns/edns.hpp"
#include "dnssec/keys.hpp"
#include "dnssec/proof_budget.hpp"
#include "dnssec/rrset.hpp"
#include "tacet/instant.hpp"

namespace tacet {

/// The result of looking for a signature of an RRset that holds.
struct Verification {
  const Rrsig* signature = nullptr;  ///< the one that holds; null if none does
  ExtendedError why{};               ///< why none does
  bool paused = false;               ///< it is not known yet: the turn's budget is spent

  explicit operator bool() const { return signature != nullptr; }
  /// True if the records were made from a wildcard (RFC 4035 §5.3.4).
  bool is_expansion_of(const RRset& rrset) const;
};

/// Verifies an RRset by the keys of the zone that must have signed it (RFC 4035 §5.3). Tries its signatures until one
/// holds, as far as the budget goes.
Verification verify(const RRset& rrset, const Name& zone, std::span<const ZoneKey> keys, WallTime now,
                    ProofBudget& budget);

}  // namespace tacet
