#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "doctor/clear_asker.hpp"
#include "doctor/finding.hpp"

namespace tacet {

/// A query in clear and its outcome.
struct ClearSeen {
  ClearQuery query;
  ClearOutcome outcome;
};

/// The verdict of the signatures on a plain answer.
enum class Authenticity : std::uint8_t {
  authentic,  ///< the signatures prove it
  forged,     ///< it is signed, or must be, and the signatures do not fit
  unproven,   ///< no signatures came with it, or nothing to check them against
};

/// All that the checks `path.*` judge. Pure: evidence in, findings out.
struct PathEvidence {
  std::vector<ClearSeen> clear;
  /// The answers of an encrypted upstream, with DO set.
  std::vector<Message> encrypted;
  /// Judges a plain answer by its signatures.
  std::function<Authenticity(const Message&)> authenticity;

  /// The encrypted answer to this question; null if there is none.
  const Message* reference(const Question& question) const;
};

/// One finding or more for each check `path.*`: whether the network answers in the place of servers, forges, rewrites
/// or strips answers, or lets plain DNS through at all.
std::vector<Finding> judge_path(const PathEvidence& evidence);

}  // namespace tacet
