#pragma once
#include <optional>

#include "dnssec/judge.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// The records of an answer whose signature is missing, as a question of their own, or the target of its last alias if
/// the answer says nothing of it that could be proven. Nothing if the answer lacks something else, or if the question
/// for it is the one that was answered. A cache that has lost the signature of an alias often has it if it is asked for
/// the alias alone.
std::optional<Question> missing_piece(const Question& asked, const Judgement& judgement);

/// `answer` with the records and signatures of `piece` in place of its own, and with the denials of `piece`, because a
/// wildcard's records need these. If `piece` is about the target of an alias, it may also deny that, by its RCODE and
/// records. Without OPT. Nothing if `piece` does not have what it was asked for.
std::optional<Message> completed(const Message& answer, const Message& piece);

}  // namespace tacet
