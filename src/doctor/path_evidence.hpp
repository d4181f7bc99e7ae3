#pragma once
#include <map>
#include <string>
#include <vector>

#include "dnssec/judge.hpp"
#include "doctor/clear_asker.hpp"

namespace tacet {

/// A query in clear and its outcome.
struct ClearSeen {
  ClearQuery query;
  ClearOutcome outcome;
  /// What the signatures prove about each answer, in the order of the answers. Empty if nobody judged them.
  std::vector<Judgement> judgements;
};

/// An answer of an encrypted upstream, with DO set, and what its signatures prove.
struct Reference {
  Message message;
  Judgement judgement;
};

/// All that the checks `path.*` judge. Pure: evidence in, findings out.
struct PathEvidence {
  std::vector<ClearSeen> clear;
  std::vector<Reference> encrypted;
  /// How servers call themselves over the encrypted path, by address: "1.1.1.1" to "FRA".
  std::map<std::string, std::string> identities;

  /// The encrypted answer to this question; null if there is none.
  const Reference* reference(const Question& question) const;
};

}  // namespace tacet
