#pragma once
#include <optional>

#include "dnssec/judge.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// The records of an answer whose signature is missing, as a question of their own; nothing if the answer lacks
/// something else, or if the question for them is the one that was answered. A cache that has lost the signature of an
/// alias often has it if it is asked for the alias alone.
std::optional<Question> missing_piece(const Question& asked, const Judgement& judgement);

/// `answer` with the records and signatures of `piece` in place of its own, and with the denials of `piece`, because a
/// wildcard's records need these. Without OPT. Nothing if `piece` does not have the records that it was asked for.
std::optional<Message> completed(const Message& answer, const Message& piece);

}  // namespace tacet
