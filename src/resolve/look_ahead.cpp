#include "resolve/look_ahead.hpp"

#include <new>

#include "base/log.hpp"
#include "base/word.hpp"

namespace tacet {
namespace {

/// A follower with less left will have expired when the page asks for it.
constexpr Duration about_to_expire = std::chrono::seconds(2);

}  // namespace

LookAhead::LookAhead(Fetcher& fetcher)
    : fetcher_(fetcher),
      context_(fetcher.context()),
      led_(context_.scheduler, [this] { fetch_followers(); }) {}

void LookAhead::note(const CacheKey& key, Instant now) {
  const bool is_on = context_.cache.learns_followers();
  const std::uint64_t clears = context_.cache.clears();
  if (!is_on || clears != clears_) followers_.clear();
  clears_ = clears;
  if (!is_on) return;
  const Followers::NameHash name = hash_of(key.name());
  if (!followers_.note(key.hash(), name, now)) return;
  leader_ = name;
  led_.arm(now);
}

void LookAhead::fetch_followers() {
  try {
    const Instant now = context_.scheduler.now();
    for (const auto question : followers_.likely(leader_, now)) fetch(question, now);
  } catch (const std::bad_alloc&) {
    log::escaped("a look ahead");
  }
}

void LookAhead::fetch(Followers::QuestionHash question, Instant now) {
  const auto kept = context_.cache.expiring(question, now, about_to_expire);
  if (!kept) return;
  const CacheKey key(context_.cache.seed(), kept->question, kept->dnssec_ok, kept->checking_disabled);
  const QuestionView view = QuestionView::of(kept->question);
  const std::shared_ptr<Route>& route = context_.routes.of(key.name());
  if (route->is_local || (context_.local_data.might_answer(view, key) && context_.local_data.find(view, key))) return;
  fetcher_.ask_ahead(route, {key, view}, {AheadKind::follower, kept->expires});
}

}  // namespace tacet
