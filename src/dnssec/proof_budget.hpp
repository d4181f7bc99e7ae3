#pragma once
#include <cstdint>

namespace tacet {

/// How much arithmetic one answer may cost: hostile zones make as much as they can (KeyTrap, CVE-2023-50387; NSEC3,
/// CVE-2023-50868). One for all judge() and learn() calls that concern one client query.
struct ProofBudget {
  static constexpr int keys_of_one_tag = 4;         ///< keys that are tried for one signature
  static constexpr int signatures_of_an_rrset = 8;  ///< signatures that are looked at
  static constexpr int rrsets_of_an_answer = 64;
  static constexpr int denials_of_an_answer = 8;  ///< NSEC or NSEC3 records
  static constexpr int ds_of_a_zone = 8;
  static constexpr int insecure_iterations = 50;  ///< NSEC3 beyond it counts as unsigned (RFC 9276 §3.2)
  static constexpr int bogus_iterations = 500;    ///< and beyond this as no proof at all

  int verifications = 24;  ///< left
  int nsec3_hashes = 64;   ///< left

  /// Takes one verification; false if none is left.
  bool take_verification() { return verifications > 0 && verifications-- > 0; }
  bool take_hash() { return nsec3_hashes > 0 && nsec3_hashes-- > 0; }
};

}  // namespace tacet
