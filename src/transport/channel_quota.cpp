#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "transport/channel_link.hpp"

/// How a Channel works with a server that answers only so many queries on a connection: by several connections at once,
/// as RFC 7766 §6.2.2 has it. The rest of a Channel takes over as soon as these bring nothing.
namespace tacet {
namespace {

/// So many may have begun within the last second. An older one waits for a lame name, and holds up no other query.
constexpr std::size_t most_young = 16;
constexpr Duration young_for = std::chrono::seconds(1);
/// With data unacknowledged for so long, a connection is dead.
constexpr Duration dead_after = std::chrono::milliseconds(500);
/// When nothing has come for so long, the queries go over other connections, too.
constexpr Duration silent_after = std::chrono::milliseconds(1500);
/// So long such a connection may still answer: longer than any query waits.
constexpr Duration kept_passed_by = std::chrono::seconds(5);
/// So many ended in a row without any answer: something else is wrong with the server.
constexpr unsigned most_barren_in_a_row = 3;

}  // namespace

Channel::BriefLink::BriefLink(Channel& channel)
    : begun(channel.now()),
      connector(channel.server_.context().loop,
                {channel.server_.book(), channel.server_.brief_budget(), channel.server_.path(),
                 channel.server_.quic_client()},
                {[this, &channel](ConnectedSocket socket) { channel.brief_connected(*this, std::move(socket)); },
                 [&channel](const Error& why) { channel.brief_unreachable(why); }}) {}

/// Only the server's own ends teach: without memory here, connections end behind any number of answers.
void Channel::learn_quota(const Link& ended, std::size_t left, const Error& why) {
  if (why.fault != Fault::cancelled && why.fault != Fault::unreachable) return;
  if (!server_.quota().ended(ended.answers, left, now())) return;
  log::info("upstream {} closes each connection behind {} answer{}: tacet uses several at once", id_, ended.answers,
            ended.answers == 1 ? "" : "s");
}

/// Gives every query that waits in line a connection, as far as there may be more.
void Channel::share_out(std::size_t quota) {
  clear_briefs(quota);
  if (caution_.barren >= most_barren_in_a_row) {
    leave_quota();
    return demand_connection();
  }
  for (const auto& brief : briefs_) load(*brief, quota);
  const auto in_line = std::ranges::count_if(calls_, [](const auto& each) { return each.second->rides_on == nullptr; });
  const auto dialled = std::ranges::count_if(briefs_, [](const auto& brief) { return brief->link == nullptr; });
  std::size_t covered = static_cast<std::size_t>(dialled) * quota;
  auto young = static_cast<std::size_t>(
      std::ranges::count_if(briefs_, [this](const auto& brief) { return now() - brief->begun < young_for; }));
  for (; covered < static_cast<std::size_t>(in_line) && young < most_young; covered += quota, ++young) try {
      briefs_.push_back(std::make_unique<BriefLink>(*this));
      briefs_.back()->connector.start();
    } catch (const std::bad_alloc&) {  // on_watch() tries again soon
      return log::escaped("one more connection to an upstream");
    }
}

std::size_t Channel::riders_of(const Link& link) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(calls_, [&link](const auto& each) { return each.second->rides_on == &link; }));
}

/// How long nothing has come behind what was sent.
Duration Channel::silence_of(const BriefLink& brief) const {
  return now() - std::max(brief.link->last_received, brief.loaded);
}

/// True if it has greeted, and queries for two names wait on it. One name may be a lame one.
bool Channel::is_at_fault(const BriefLink& brief) const {
  const auto rides = [&](const auto& each) { return each.second->rides_on == brief.link.get(); };
  const auto first = std::ranges::find_if(calls_, rides);
  if (!brief.link->is_established || first == calls_.end()) return false;
  const Name name = first->second->query.question().name;
  return std::ranges::any_of(
      calls_, [&](const auto& each) { return rides(each) && !(each.second->query.question().name == name); });
}

/// Its queries wait in line again.
void Channel::unload(const Link& link) {
  for (const auto& [tag, call] : calls_)
    if (call->rides_on == &link) call->rides_on = nullptr;
}

/// The queries on a silent connection go over others, too, and the first answer counts: their names may only be slow.
/// One name alone does so only if other connections answer nobody.
void Channel::pass_by(BriefLink& brief) {
  const bool proven = is_at_fault(brief);
  if (!proven && caution_.barren == 0) return;
  if (proven && brief.link->answers == 0) ++caution_.barren;
  brief.is_passed_by = true;
  unload(*brief.link);
}

/// Lets go of connections that have done their part, and of dead ones.
void Channel::clear_briefs(std::size_t quota) {
  std::erase_if(briefs_, [this, quota](const std::unique_ptr<BriefLink>& brief) {
    if (!brief->link) return false;
    const bool has_riders = riders_of(*brief->link) > 0;
    if (has_riders && silence_of(*brief) >= silent_after) pass_by(*brief);
    const bool has_time = brief->is_passed_by ? silence_of(*brief) < kept_passed_by : has_riders;
    if (has_time && brief->link->connection->unacknowledged() < dead_after) return false;
    if (!has_time && !brief->is_passed_by && brief->sent < quota) return false;
    brief->link->connection->close();
    unload(*brief->link);
    return true;
  });
}

/// What may have ended a connection goes alone.
void Channel::load(BriefLink& brief, std::size_t quota) {
  if (!brief.link || brief.is_passed_by) return;
  for (auto next = calls_.begin(); next != calls_.end() && brief.sent < quota; ++next) {
    Call& call = *next->second;
    if (call.rides_on != nullptr || (call.goes_alone && brief.sent > 0)) continue;
    call.rides_on = brief.link.get();
    brief.link->send(next->first, call.wording());
    brief.loaded = now();
    brief.sent = call.goes_alone ? quota : brief.sent + 1;
  }
}

/// A server that is known to answer is worth its connections: a pace is for those that lead nowhere.
void Channel::brief_connected(BriefLink& brief, ConnectedSocket socket) {
  server_.brief_budget().pace().led_to_answer();
  brief.link = std::make_unique<Link>(*this, std::move(socket));
  ++counters_.connections;
  if (const auto quota = server_.quota().known(now())) load(brief, *quota);
}

/// The pace of these connections is for a server that is there. In an outage there is one connection again.
void Channel::brief_unreachable(const Error& error) {
  if (error.fault == Fault::overloaded) return;  // it goes on
  leave_quota();
  note_failure(error);
  if (!calls_.empty() && !current_) demand_connection();
}

/// The queries that a connection left behind go back to the line: the server may well be right to have closed it.
bool Channel::brief_lost(const Link& link, const Error& why) {
  const auto place = std::ranges::find(briefs_, &link, [](const auto& brief) { return brief->link.get(); });
  if (place == briefs_.end()) return false;
  const std::unique_ptr<BriefLink> ended = std::move(*place);
  briefs_.erase(place);
  const std::size_t left = riders_of(link);
  const bool is_barren = link.answers == 0 && left > 0;
  for (const auto& [tag, call] : calls_) {
    if (call->rides_on != &link) continue;
    call->rides_on = nullptr;
    ++call->tries;
    if (is_barren && left == 1) {
      ++call->suspicions;
      call->was_accused = true;
    }
    if (is_barren) call->goes_alone = true;
  }
  if (why.fault != Fault::cancelled || is_barren) note_failure(why);
  if (is_barren) ++caution_.barren;
  learn_quota(link, left, why);
  counters_.reissued += left;
  if (!link.is_established || caution_.barren >= most_barren_in_a_row) leave_quota();
  drop_hopeless(why);
  if (!calls_.empty() && !current_) demand_connection();
  return true;
}

void Channel::brief_answered() {
  if (current_) return;
  const auto quota = server_.quota().known(now());
  if (quota && !calls_.empty()) return share_out(*quota);
  clear_briefs(quota.value_or(0));
  if (calls_.empty()) keep_one_brief(quota.value_or(0));
}

/// No query waits. One connection stays for the next one; sixteen that are open and idle would help nobody.
void Channel::keep_one_brief(std::size_t quota) {
  bool kept = false;
  std::erase_if(briefs_, [&kept, quota](const std::unique_ptr<BriefLink>& brief) {
    if (brief->link && !brief->is_passed_by && brief->sent < quota && !kept) return !(kept = true);
    if (brief->link) brief->link->connection->close();
    return true;
  });
}

/// Back to one connection.
void Channel::leave_quota() {
  server_.quota().forget();
  drop_briefs();
}

void Channel::drop_briefs() {
  for (const auto& [tag, call] : calls_) call->rides_on = nullptr;
  for (const auto& brief : briefs_)
    if (brief->link) brief->link->connection->close();
  briefs_.clear();
}

}  // namespace tacet
