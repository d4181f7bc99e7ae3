#pragma once
#include "tacet/instant.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// Whether a server takes queries with OPT, as its answers show (RFC 6891 §7). Pure.
class EdnsMemory {
public:
  /// How long it remembers that a server does not.
  static constexpr Duration kept = std::chrono::minutes(15);

  bool takes_opt(Instant now) const { return now >= without_opt_until_; }

  /// True if OPT may be the reason for this answer to a query with OPT, so that the query is worth asking without: for
  /// FORMERR, NOTIMP and BADVERS, and for SERVFAIL and REFUSED of a server that never showed EDNS.
  bool may_dislike(const Message& answer) const;
  /// An answer to a query with OPT that the query's wording was no reason for.
  void liked(const Message& answer) { speaks_ = speaks_ || answer.index().has_edns; }
  /// A query was answered without OPT, and better than with OPT. For a server that showed EDNS before, only the second
  /// such answer counts, unless the first was `sure` to be about OPT.
  void dislikes(bool sure, Instant now);
  void forget() { *this = {}; }

private:
  bool speaks_ = false;  // answered with OPT, and did not dislike it since
  Instant without_opt_until_ = Instant::min();
};

/// True if the server did not understand the query's form.
bool says_opt_is_wrong(Rcode rcode);

}  // namespace tacet
