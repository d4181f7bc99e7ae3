#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

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

  static constexpr int needs_at_once = 16;  ///< questions
  /// Microseconds of arithmetic that a turn of the loop may spend before it pauses.
  static constexpr int turn_length = 1000;

  int verifications = 24;      ///< left
  int failures = 8;            ///< left, of signatures that do not hold
  int wasted = 0;              ///< microseconds that these took
  int nsec3_blocks = 64 * 51;  ///< left, that SHA-1 reads: 64 names with the most iterations and a short salt
  std::size_t signed_octets = 256 << 10;  ///< left, of records whose signatures are verified
  /// Left in this turn, microseconds; to be set in each turn. Otherwise nothing is ever paused.
  int turn = std::numeric_limits<int>::max();
  int wanted = 0;  ///< microseconds of the verification for which it paused last
  /// Microseconds that other work took in this turn, hashes and the order of many records. It never pauses itself, so
  /// that each turn leads further, but what comes behind it in the turn does.
  int beside = 0;

  enum class Grant : std::uint8_t {
    granted,  ///< go on
    paused,   ///< not in this turn
    spent,    ///< never: the answer costs too much
  };
  /// Asks for one verification of about `microseconds`. One that is costlier than a whole turn gets a turn of its own.
  Grant take_verification(int microseconds) {
    if (verifications == 0 || failures == 0) return Grant::spent;
    if (turn < std::min(microseconds, turn_length)) {
      wanted = microseconds;
      return Grant::paused;
    }
    --verifications;
    turn -= microseconds;
    return Grant::granted;
  }
  /// Notes that a signature did not hold. The first one of an honest zone nearly always holds.
  void note_failure(int microseconds) {
    --failures;
    wasted += microseconds;
  }
  bool take_octets(std::size_t octets) {
    if (octets > signed_octets) return false;
    signed_octets -= octets;
    return true;
  }
  bool take_hash(int blocks) {
    constexpr int blocks_of_a_microsecond = 8;
    if (blocks > nsec3_blocks) return false;
    nsec3_blocks -= blocks;
    beside += blocks / blocks_of_a_microsecond;
    return true;
  }
};

}  // namespace tacet
