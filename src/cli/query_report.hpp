#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "pool/pool_report.hpp"
#include "tacet/message.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// An answer and what it took to get it.
struct QueryOutcome {
  Response response;
  Duration taken{};                     ///< connecting included
  std::uint64_t plaintext_lookups = 0;  ///< names asked for in the clear on the way
};

/// The answer as dig prints it, then how it came, then what an checked_as could learn from that. Fault::malformed if
/// the answer cannot be printed.
Result<std::string> upstream_report(const Message& query, const QueryOutcome& outcome);

/// An answer that was made here.
Result<std::string> local_report(Bytes wire);

/// Why there is no answer: the error, and what each upstream ran into.
std::string failure_report(const Error& error, const std::vector<ChannelReport>& channels);

}  // namespace tacet
