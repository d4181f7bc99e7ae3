#pragma once
#include <cstdint>
#include <optional>
#include <variant>

#include "dnssec/judge.hpp"

namespace tacet {

/// The result of a DS or DNSKEY answer.
struct Learned {
  enum class Outcome : std::uint8_t {
    proven,    ///< the table knows more now
    needless,  ///< the table already knows enough: the name is in an unsigned zone, or no zone begins at it
    missing,   ///< the answer has no signatures or no denial at all, or is an error: ask elsewhere. `why` says which
    unsigned_alias,  ///< the answer is an alias without its signature: ask for the alias alone. `why` says so
    bogus,           ///< the answer cannot be right; `why` says what is wrong with it
  };
  Outcome outcome = Outcome::needless;
  std::optional<ExtendedError> why{};
};

/// Validates an answer to a question for DS or DNSKEY records, or for an alias instead of DS records, and puts what is
/// proven into `table`. Answers may come in any order: Needs names what must be learned before this one, and then it
/// can be tried again.
std::variant<Learned, Needs> learn(const Message& answer, ZoneTable& table, WallTime now, ProofBudget& budget);

}  // namespace tacet
