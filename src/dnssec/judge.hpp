#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "dns/answer_image.hpp"
#include "dnssec/proof_budget.hpp"
#include "dnssec/zone_table.hpp"
#include "tacet/instant.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// How one RRset of an answer was judged; for `explain`.
struct JudgedRRset {
  Name owner;
  Type type = Type::a;
  SecurityStatus status = SecurityStatus::indeterminate;
  Name zone;                  ///< the zone that signs it, or the unsigned zone
  std::uint16_t key_tag = 0;  ///< of the key that verified it; 0 if none did
  std::uint8_t algorithm = 0;
  std::uint32_t expires = 0;  ///< the end of the signature, seconds since 1970 modulo 2^32
};

/// The verdict on an answer.
struct Judgement {
  static constexpr std::uint32_t no_limit = 0xFFFFFFFF;

  SecurityStatus status = SecurityStatus::indeterminate;
  /// Why it is bogus (which zone and record, what was expected), why a signed zone counts as unsigned, or that the
  /// clock is not set.
  std::optional<ExtendedError> why{};
  std::uint32_t ttl = no_limit;  ///< seconds for which the verdict and the records hold at most: caps the TTL
  std::vector<JudgedRRset> rrsets{};
};

/// Names between a known zone and another one that are asked about from the top down, without a shortcut.
inline constexpr std::size_t few_cuts = 4;

/// What must be learned first: questions for DS and DNSKEY records, all that are known to be missing, from the top of
/// the tree down. An answer to an earlier one can make later ones needless (an unsigned zone ends the way).
struct Needs {
  std::vector<Question> questions;
  /// Not a question, but time is missing: set ProofBudget::turn in another turn of the loop, then try again.
  bool paused = false;
  /// Asked first if there are many questions: the DS records of the name at which a zone probably begins. What they
  /// prove spares those of the names above it. If it does not help, the questions are still there.
  std::optional<Question> shortcut{};
};

/// Part of an answer: up to the alias that leads to `end`, which is answered elsewhere. All of it if there is no end.
struct AnswerPart {
  AnswerPart(const Message& whole) : message(whole) {}
  AnswerPart(const Message& whole, const Name& next) : message(whole), end(next) {}
  const Message& message;
  std::optional<Name> end;
};

/// Judges an answer to its own question by what `table` knows (RFC 4035 §5): aliases link by link, then the records of
/// the last name or their denial. The answer must carry its signatures (DO=1). Bogus only if the answer itself cannot
/// be right; if it lacks something that may be asked for, then Needs. The caller must notice if it learned all that was
/// needed and the needs stay the same: then it could not find out, which is indeterminate. An RCODE other than NOERROR
/// and NXDOMAIN is indeterminate.
std::variant<Judgement, Needs> judge(const AnswerPart& answer, ZoneTable& table, WallTime now, ProofBudget& budget);

/// The judgement of an answer of which nothing can be proven: a known zone is unsigned, and the answer speaks of the
/// name in question only. Nothing if it needs judge(). It lists no RRsets.
std::optional<Judgement> judge_unsigned(const Message& answer, ZoneTable& table, WallTime now);

/// What will probably be needed for an answer to this question, so that it can be asked beside it: the DS records of
/// each unknown label below the nearest known zone, from the top down, and keys of zones that are known to be signed
/// or are the root's children. Empty if a known zone is unsigned or exempt.
Needs foreseen(const Question& question, ZoneTable& table, WallTime now);

}  // namespace tacet
