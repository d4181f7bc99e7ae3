#include <algorithm>

#include "dnssec/canonical.hpp"
#include "dnssec/rrset.hpp"
#include "fuzz/property.hpp"

using namespace tacet;
using namespace tacet::fuzz;

namespace {

void check_names(const Name& a, const Name& b) {
  const auto order = canonical_order(a, b);
  require((canonical_order(b, a) < 0) == (order > 0), "the order of two names has one direction");
  require((order == 0) == (a == b), "only equal names have one place in the order");
  require(canonical_order(canonical(a), b) == order, "case does not matter to the order");
  const Name common = common_ancestor(a, b);
  require(a.under(common) && b.under(common), "a common ancestor is above both");
  require(common.label_count() == a.label_count() || common.label_count() == b.label_count() ||
              !(ancestor(a, common.label_count() + 1) == ancestor(b, common.label_count() + 1)),
          "no longer name is above both");
  require(!a.under(b) || order >= 0, "a name stands behind those above it");
}

void check_rrset(RRset rrset) {
  for (const Rrsig& signature : rrset.signatures) {
    if (signature.labels > rrset.owner.label_count()) continue;
    const auto data = signed_data(rrset, signature);
    require(data.size() > Rrsig::fixed_size, "something is signed");
    RRset other = rrset;
    std::ranges::reverse(other.records);
    other.records.push_back(other.records.front());
    other.owner = canonical(other.owner);
    require(signed_data(other, signature) == data, "order, repetition and case do not matter to what is signed");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const auto message = Message::parse_answer(copy_of({octets, size}));
  if (!message) return 0;
  const std::vector<RRset> rrsets = rrsets_of(*message);
  for (const RRset& rrset : rrsets) {
    require(!rrset.records.empty(), "an RRset has a record");
    check_names(message->question().name, rrset.owner);
    check_names(rrsets.front().owner, rrset.owner);
    check_rrset(rrset);
  }
  return 0;
}
