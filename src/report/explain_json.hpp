#pragma once
#include <string>

#include "resolve/answer_explanation.hpp"

namespace tacet {

/// An explanation as `tacet explain --json` prints it: one JSON object; "why" is a sentence. Keys are only ever added.
std::string explain_json(const AnswerExplanation& explanation);

}  // namespace tacet
