#pragma once
#include <string>

#include "resolve/answer_explanation.hpp"

namespace tacet {

/// What `tacet explain` shows.
struct QuestionExplanation {
  AnswerExplanation explanation;
  std::string hosts_file;  ///< empty: there is none
};

/// As one JSON object; "why" is a sentence. Keys are only ever added.
std::string explain_json(const QuestionExplanation& explain_question);

}  // namespace tacet
