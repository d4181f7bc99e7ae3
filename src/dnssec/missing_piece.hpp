#pragma once
#include <optional>

#include "dnssec/judge.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// The records of an answer whose signature is missing, as a question of their own; nothing if the answer lacks
/// something else, or if the question for them is the one that was answered. A cache that has lost the signature of an
/// alias often has it if it is asked for the alias alone.
std::optional<Question> missing_piece(const Question& asked, const Judgement& judgement);

/// `answer` with the records that `piece` is the answer about, and their signatures, in place of its own; with what
/// `piece` denies, too, because a wildcard's records need that. Without OPT. Nothing if `piece` has no such records.
std::optional<Message> completed(const Message& answer, const Message& piece);

}  // namespace tacet
