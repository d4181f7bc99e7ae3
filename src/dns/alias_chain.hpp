#pragma once
#include <optional>
#include <span>
#include <vector>

#include "dns/answer_image.hpp"

namespace tacet {

/// The longest chain of aliases that is followed.
inline constexpr std::size_t most_aliases = 16;

/// The name to which a DNAME at `owner`, an ancestor of `name`, redirects it: `target` in place of `owner`. Nothing if
/// that is too long for a name (RFC 6672 §2.2).
std::optional<Name> redirected(const Name& name, const Name& owner, const Name& target);

/// The names along an answer's chain of aliases: QNAME, and the target of each alias of the answer section (a CNAME, or
/// a DNAME without its CNAME, RFC 6672 §3.4). QNAME alone if it is no alias, if no alias answers such a question
/// (CNAME, ANY, RRSIG, NSEC), or if the aliases are too many or form a circle.
std::vector<Name> alias_chain(const AnswerImage& image);

/// True if an answer leaves the last name of its chain open: it has neither records of the type in question nor an SOA
/// of a zone with that name.
bool leaves_open(const AnswerImage& image, const Name& last);

/// One answer to the question of `front`: its aliases (with their signatures) along `chain`, followed by `rest`, which
/// is an answer for the last name. RCODE and all sections except these aliases come from `rest`. AD is set only if both
/// have it, and the security status is the weaker one. SERVFAIL if the result is larger than any message.
AnswerImage join(const AnswerImage& front, std::span<const Name> chain, const AnswerImage& rest);

}  // namespace tacet
