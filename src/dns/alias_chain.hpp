#pragma once
#include <span>
#include <vector>

#include "dns/answer_image.hpp"

namespace tacet {

/// No longer chain of aliases is followed.
inline constexpr std::size_t most_aliases = 16;

/// The names that an answer leads along: QNAME, and where each alias of the answer section (a CNAME, or a DNAME that
/// came without its CNAME, RFC 6672 §3.4) leads to from there. QNAME alone if it is no alias, if the question is one
/// that no alias answers (CNAME, ANY, RRSIG, NSEC), or if the aliases are too many or lead in a circle.
std::vector<Name> alias_chain(const AnswerImage& image);

/// True if an answer does not settle what becomes of the last name of its chain: it has neither records of the type
/// asked for nor an SOA of a zone that the name is in.
bool leaves_open(const AnswerImage& image, const Name& last);

/// One answer to the question of `front`: its aliases (with their signatures) from name to name of `chain`, and behind
/// the last one what `rest` says, which is an answer for that name. RCODE and all sections but these aliases are the
/// rest's; AD only if both have it, and the security status is the weaker one. SERVFAIL if that is larger than any
/// message.
AnswerImage join(const AnswerImage& front, std::span<const Name> chain, const AnswerImage& rest);

}  // namespace tacet
