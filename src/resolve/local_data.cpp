#include "resolve/local_data.hpp"

namespace tacet {

std::optional<AnswerImage> LocalData::find(const QuestionView& question, const CacheKey& key, Asker asker) const {
  const Bytes name = key.name();
  if (hosts_->might_hold(name))
    if (auto image = hosts_->answer(question.copy(), name, asker)) return image;
  const bool elsewhere = question.qclass == Class::in && routes_.of(name)->is_local;
  if (elsewhere || !policy_->might_answer(name, question.type, question.qclass)) return std::nullopt;
  const bool validates = key.dnssec_ok() || key.checking_disabled();
  return policy_->local_answer(question.copy(), validates ? Policy::Client::validator : Policy::Client::plain);
}

}  // namespace tacet
