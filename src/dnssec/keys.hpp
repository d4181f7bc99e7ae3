#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dnssec/signature.hpp"
#include "tacet/name.hpp"

namespace tacet {

/// The RDATA of a DS record (RFC 4034 §5.1): the digest of a key of the delegated zone.
struct Ds {
  std::uint16_t key_tag = 0;
  std::uint8_t algorithm = 0;
  std::uint8_t digest_type = 0;
  std::vector<std::uint8_t> digest;
  friend bool operator==(const Ds&, const Ds&) = default;
};
/// Pre: `rdata` has the shape of a DS record.
Ds read_ds(Bytes rdata);

/// The RDATA of a DNSKEY record (RFC 4034 §2.1). Views octets of its message.
struct Dnskey {
  static constexpr std::uint16_t zone_key = 0x0100, revoke = 0x0080;

  std::uint16_t flags = 0;
  std::uint8_t protocol = 0;
  std::uint8_t algorithm = 0;
  Bytes rdata;

  /// True if it may sign records of its zone: the zone key bit set, protocol 3, not revoked (RFC 4034 §2.1, RFC 5011
  /// §2.1).
  bool may_sign() const { return (flags & (zone_key | revoke)) == zone_key && protocol == 3; }
  Bytes public_key() const { return rdata.subspan(4); }
  /// The number that RRSIG and DS records call a key by (RFC 4034 Appendix B). Keys can share one.
  std::uint16_t tag() const;
};
/// Pre: `rdata` has the shape of a DNSKEY record, and outlives the result.
Dnskey read_dnskey(Bytes rdata);

/// True if `ds` is a digest of this key of the zone `owner` (RFC 4034 §5.1.4).
bool matches(const Ds& ds, const Name& owner, const Dnskey& key);

/// The DS records that count (RFC 4509 §3, RFC 6840 §5.2): those with a known algorithm and a known digest, and SHA-1
/// digests only if there are no others. At most eight.
std::vector<Ds> usable(std::vector<Ds> records);

/// A proven key of a zone, made ready to verify.
struct ZoneKey {
  std::uint16_t tag = 0;
  std::uint8_t algorithm = 0;
  PublicKey key;
};

}  // namespace tacet
