#include "transport/edns_memory.hpp"

#include <utility>

namespace tacet {
namespace {

bool is_refusal(Rcode rcode) { return rcode == Rcode::servfail || rcode == Rcode::refused; }

}  // namespace

bool says_opt_is_wrong(Rcode rcode) {
  return rcode == Rcode::formerr || rcode == Rcode::notimp || rcode == Rcode::badvers;
}

bool EdnsMemory::may_dislike(const Message& answer) const {
  const Rcode rcode = answer.rcode();
  return says_opt_is_wrong(rcode) || (is_refusal(rcode) && !speaks_ && !answer.index().has_edns);
}

void EdnsMemory::dislikes(bool sure, Instant now) {
  const bool spoke = std::exchange(speaks_, false);
  if (sure || !spoke) without_opt_until_ = now + kept;
}

}  // namespace tacet
