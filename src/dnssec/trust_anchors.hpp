#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "dnssec/keys.hpp"
#include "tacet/name.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A key of a zone that is trusted by configuration (RFC 4033 §2), in the form of a DS record.
struct TrustAnchor {
  Name owner;
  Ds ds;
  friend bool operator==(const TrustAnchor&, const TrustAnchor&) = default;
};

/// The keys of the root that are built in: KSK-2017 (20326) and KSK-2024 (38696).
std::vector<TrustAnchor> root_anchors();

/// Reads DS and DNSKEY records in presentation form: a single record of the configuration, or a file such as root.ds or
/// root.key of dns-root-data, or that of unbound-anchor. TTL and class may be there or not; algorithms and digests are
/// numbers or names; ";" begins a comment. A key becomes its SHA-256 digest; one that may not sign, or is revoked, is
/// refused, but left out if unbound's comment says that it does not trust the key. Fault::invalid_config names the line
/// and says what is expected; a text without any record is refused, too.
Result<std::vector<TrustAnchor>> read_trust_anchors(std::string_view text);

/// The anchors that apply: `given`, which replace the built-in ones if any of them is the root's.
std::vector<TrustAnchor> with_root_anchors(std::vector<TrustAnchor> given);

}  // namespace tacet
