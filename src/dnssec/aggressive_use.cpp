#include "dnssec/aggressive_use.hpp"

#include <algorithm>

#include "dnssec/canonical.hpp"
#include "dnssec/nsec.hpp"
#include "dnssec/rrset.hpp"

namespace tacet {

bool also_denies(const Message& answer, const Name& zone, const Name& name) {
  NsecRecords records(zone);
  for (const RRset& rrset : rrsets_of(answer)) {
    if (rrset.section != Section::authority || rrset.type != Type::nsec) continue;
    const bool whole = std::ranges::all_of(rrset.signatures, [&](const Rrsig& signature) {
      return signature.signer == zone &&
             signature.labels + (is_wildcard(rrset.owner) ? 1U : 0U) == rrset.owner.label_count();
    });
    if (whole && !rrset.signatures.empty()) records.add(read_nsec(rrset.owner, rrset.rdata(rrset.records.front())));
  }
  return records.no_name(name);
}

}  // namespace tacet
