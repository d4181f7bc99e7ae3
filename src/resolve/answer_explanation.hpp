#pragma once
#include <optional>
#include <string>
#include <vector>

#include "pool/pool_report.hpp"
#include "resolve/cache.hpp"
#include "resolve/policy.hpp"

namespace tacet {

/// Who answers a question, in the order in which they are asked.
enum class Answerer : std::uint8_t {
  nobody,          ///< refused for its type
  hosts,           ///< the hosts file
  policy,          ///< what tacet answers by itself
  cache,           ///< a fresh answer
  recent_failure,  ///< what the question met a moment ago
  upstream,
};

/// What would answer a question, and why: looked at without asking anybody, and without counting as a use.
struct AnswerExplanation {
  Question question;
  Answerer answerer = Answerer::upstream;
  std::optional<Rcode> refused;     ///< with Answerer::nobody
  std::optional<LocalRule> policy;  ///< the rule for this question, even where a zone of the local network overrides it
  std::optional<Name> zone;         ///< of the local network that the name is in
  /// What is kept: for clients that set neither DO nor CD, which decides here, and for the others.
  std::vector<CacheEntry> kept;
  std::string failure;                      ///< words of a failure remembered; empty if there is none
  std::vector<ServerExplanation> services;  ///< in the order in which they would be asked now
  std::string hosts_file;                   ///< path of the one in use; empty: there is none
};

}  // namespace tacet
