#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dnssec/zone_table.hpp"
#include "pool/pool_report.hpp"
#include "resolve/cache/cache.hpp"
#include "resolve/policy.hpp"

namespace tacet {

/// What answers a question, in the order in which the resolver asks.
enum class Answerer : std::uint8_t {
  nobody,          ///< refused for its type
  hosts,           ///< the hosts file
  policy,          ///< tacet's own rules
  cache,           ///< a fresh answer
  recent_failure,  ///< a failure that the question met a moment ago
  upstream,
};

/// What would answer a question, and why. Making it asks no upstream and does not count as a use of the cache.
struct AnswerExplanation {
  Question question;
  Answerer answerer = Answerer::upstream;
  std::optional<Rcode> refused;     ///< with Answerer::nobody
  std::optional<LocalRule> policy;  ///< the rule for this question, even if a zone of the local network overrides it
  std::optional<Name> zone;         ///< the zone of the local network that holds the name
  /// The kept answers: for clients that set neither DO nor CD (this one decides here), and for the others.
  std::vector<CacheEntry> kept;
  std::string failure;                      ///< words of a remembered failure; empty if there is none
  std::vector<ChainStep> chain;             ///< what is proven about the zones above the name, from the anchor down
  WallTime judged_at{};                     ///< the time of day at which that holds
  std::vector<ServerExplanation> services;  ///< in the order in which a query would try them now
  std::string hosts_file;                   ///< path of the file in use; empty if there is none
};

}  // namespace tacet
