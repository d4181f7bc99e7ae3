#pragma once
#include <cstdint>
#include <set>
#include <string>

#include "doctor/path_evidence.hpp"

namespace tacet {

/// What is proven about a plain answer to a question for a signed name.
enum class Authenticity : std::uint8_t {
  authentic,     ///< the owner's signatures prove it
  forged,        ///< it carries signatures, and they do not fit
  contradicted,  ///< it carries none, and says something else than the proven answer
  stripped,      ///< it carries none, and says the same as the proven answer
  refused,       ///< it is an error
  unproven,      ///< there is nothing to check it against
};

/// The verdict on the plain answer `answer`, whose signatures were judged: `own`. `reference` is the encrypted answer
/// to the same question, or null. Without a proven reference nothing counts as false: then the clock may be wrong, or
/// the upstream.
Authenticity authenticity_of(const Message& answer, const Judgement& own, const Reference* reference);

/// What an answer says: its RCODE, and the records of its answer section without TTLs and signatures.
std::set<std::string> content_of(const Message& answer);

}  // namespace tacet
