#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dnssec/judge.hpp"
#include "pool/pool_report.hpp"
#include "tacet/message.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// An answer and its cost.
struct QueryOutcome {
  Response response;
  Duration taken{};                      ///< connecting included
  std::uint64_t plaintext_lookups = 0;   ///< names looked up in plaintext for it
  std::optional<Judgement> judgement{};  ///< nothing if answers are not validated
  bool shows_signatures = true;          ///< the user wants to see them, too
};

/// The answer in dig's form, then how it came, then what an observer can learn from that. Fault::malformed if ldns
/// cannot print the answer.
Result<std::string> upstream_report(const Message& query, const QueryOutcome& outcome);

/// The report of an answer that was made here.
Result<std::string> local_report(Bytes wire);

/// Why there is no answer: the error, and the failure of each upstream.
std::string failure_report(const Error& error, const std::vector<ChannelReport>& channels);

}  // namespace tacet
