#pragma once
#include <compare>
#include <cstdint>
#include <vector>

#include "dnssec/rrset.hpp"
#include "tacet/name.hpp"

namespace tacet {

/// The canonical order of names (RFC 4034 §6.1): by labels from the right, as octets, in lower case.
std::strong_ordering canonical_order(const Name& a, const Name& b);

/// The name in lower case (RFC 4034 §6.2).
Name canonical(const Name& name);

/// The last `labels` labels of a name; the whole name if it has no more.
Name ancestor(const Name& name, std::size_t labels);

/// The longest name that both equal or lie below.
Name common_ancestor(const Name& a, const Name& b);

/// "*" below a name (RFC 4592). Pre: the name has at most 253 octets.
Name wildcard_below(const Name& name);
/// True if the first label is "*".
bool is_wildcard(const Name& name);

/// The RDATA in canonical form (RFC 4034 §6.2, RFC 6840 §5.1): names of the old types expanded and in lower case.
/// `record` belongs to `message`.
std::vector<std::uint8_t> canonical_rdata(Bytes message, const ResourceRecord& record);

/// The octets that `signature` signs (RFC 4034 §3.1.8.1): its own RDATA, then each record once, in canonical order,
/// with the original TTL and, for an expanded wildcard, the wildcard as owner (RFC 4035 §5.3.2). Pre: the signature
/// does not have more labels than the owner.
std::vector<std::uint8_t> signed_data(const RRset& rrset, const Rrsig& signature);

}  // namespace tacet
