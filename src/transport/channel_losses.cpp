#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "transport/channel_link.hpp"

/// What a Channel does with its queries when a connection ends.
namespace tacet {
namespace {

/// A query goes over at most so many connections before it fails.
constexpr unsigned most_tries = 30;
/// So often may a connection end under suspicion of one query before this query fails.
constexpr unsigned most_suspicions = 3;
/// A server that ended so many connections in a row without any answer answers nobody, if each of the queries, or four
/// of them, were alone on one of these connections. The three queries that a browser asks of one name prove nothing.
constexpr unsigned most_barren = 3, enough_accused = 4;
/// Both limits for a server that ends connections for reasons of its own.
constexpr unsigned most_by_itself = 8;

}  // namespace

void Channel::lost(Link& link, const Error& why) {
  if (!briefs_.empty() && brief_lost(link, why)) return;
  auto& place = &link == current_.get() ? current_ : fresh_;
  // A server may close an idle connection at any time. That is no failure; send the query again.
  const bool is_idle_close = why.fault == Fault::cancelled && (link.answers > 0 || !link.greeted_at);
  if (const auto showed = greeting_outcome_of(why.fault); showed && !link.is_established && !is_idle_close)
    tell(link, *showed);
  const std::unique_ptr<Link> ended = std::move(place);
  if (!current_) std::swap(current_, fresh_);
  if (!is_idle_close) note_failure(why);
  if (has_moved()) return dial_afresh();
  if (calls_.empty() || current_) return;
  ended->is_established ? blame(*ended, why) : blame_all();
  reissue(why);
}

/// How many of the queries that wait were sent on this connection.
std::size_t Channel::unanswered_on(const Link& link) const {
  return static_cast<std::size_t>(std::distance(calls_.begin(), calls_.upper_bound(link.sent_to)));
}

/// One of the queries that this connection left unanswered may be the reason for its end. What was accused alone goes
/// behind the others. A connection that brought answers teaches nothing: some servers close behind each.
void Channel::blame(const Link& ended, const Error& why) {
  const std::size_t left = unanswered_on(ended);
  if (left == 0) return;
  const bool is_barren = ended.answers == 0;
  if (is_barren) {
    ++caution_.barren;
    caution_.room = 1;
  }
  learn_quota(ended, left, why);
  const bool is_alone = is_barren && left == 1;
  for (auto each = calls_.begin(); each != calls_.upper_bound(ended.sent_to); ++each) {
    Call& call = *each->second;
    ++call.tries;
    if (is_alone && call.suspicions == 0) ++caution_.accused;
    call.was_accused = call.was_accused || is_alone;
    if (is_alone || call.suspicions > 0) ++call.suspicions;
  }
  if (!is_alone) return;
  auto accused = calls_.extract(calls_.begin());
  accused.key() = accused.mapped()->tag = next_tag_++;
  calls_.insert(std::move(accused));
}

/// The connection ended for no query's sake.
void Channel::blame_all() {
  for (const auto& [tag, call] : calls_) {
    ++call->tries;
    ++call->suspicions;
  }
}

bool Channel::serves_nobody() const {
  if (caution_.barren < (server_.ends_by_itself() ? most_by_itself : most_barren)) return false;
  const bool are_all_suspect =
      std::ranges::all_of(calls_, [](const auto& entry) { return entry.second->suspicions > 0; });
  return are_all_suspect || caution_.accused >= enough_accused;
}

/// Sends the queries again, without those that had their chances.
void Channel::reissue(const Error& why) {
  if (why.fault == Fault::tls_untrusted || serves_nobody()) return fail_all(why);
  counters_.reissued += calls_.size();
  drop_hopeless(why);
  if (!calls_.empty()) demand_connection();
}

void Channel::drop_hopeless(const Error& why) {
  const unsigned limit = server_.ends_by_itself() ? most_by_itself : most_suspicions;
  std::vector<Call*> hopeless;
  for (const auto& [tag, call] : calls_)
    if (call->tries >= most_tries || call->suspicions >= limit) hopeless.push_back(call);
  for (Call* call : hopeless) deliver(*call, fail(why));
}

void Channel::fail_all(const Error& error) {
  while (!calls_.empty()) deliver(*calls_.begin()->second, fail(error));
}

}  // namespace tacet
