#pragma once
#include <string>

#include "tacet/instant.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A certificate and its private key, both in PEM.
struct CertifiedKey {
  std::string certificate;
  std::string key;
};

/// A new authority for this machine's browsers (RFC 5280): P-256, from an hour before `now` for twenty years. Its name
/// constraints let it vouch for 127.0.0.1 and ::1, and for no name that exists. So nobody can use a stolen key against
/// a connection that leaves the machine. Faults: system.
Result<CertifiedKey> make_authority(WallTime now);

/// A certificate of `authority` for a server at 127.0.0.1 and ::1, for 90 days from `now`. Faults: malformed (no such
/// authority), system.
Result<CertifiedKey> make_leaf(const CertifiedKey& authority, WallTime now);

/// What the set-up needs to know of a certificate.
struct CertificateFacts {
  WallTime ends;
  std::string base64;  ///< its DER form, as browsers' policies want it (RFC 4648 §4)
};

/// Reads the first certificate in `pem`. Fault: malformed.
Result<CertificateFacts> read_certificate(const std::string& pem);

/// True if `authority` signed `leaf`, and `leaf` is usable at `now` by a server at 127.0.0.1. Both are in PEM.
bool vouches_for(const std::string& authority, const std::string& leaf, WallTime now);

}  // namespace tacet
