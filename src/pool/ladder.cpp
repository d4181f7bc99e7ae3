#include "pool/ladder.hpp"

#include <algorithm>

namespace tacet {
namespace {

constexpr Duration just_now = std::chrono::seconds(2);
/// The queries connect first.
constexpr Duration check_delay = std::chrono::seconds(1);

}  // namespace

void Ladder::saw(std::size_t server, Rung way, GreetingOutcome outcome, Instant connected, Instant now) {
  servers_[server].ladder.saw(way, outcome, connected, now);
  judge(servers_[server].operator_place, now);
  suspect(servers_[server].operator_place, now);
}

/// What one server's connection showed can let another server of the operator climb.
void Ladder::judge(std::size_t operator_place, Instant now) {
  for (Server& each : servers_)
    if (each.operator_place == operator_place && each.ladder.looks_blocked(now) && !has_other_way(each, now))
      each.ladder.climb(now);
}

/// True if another server of the operator works, or if its turn comes before this one may climb.
bool Ladder::has_other_way(const Server& server, Instant now) const {
  return std::ranges::any_of(servers_, [&](const Server& other) {
    if (&other == &server || other.operator_place != server.operator_place) return false;
    return other.ladder.works() || (!other.ladder.is_known() && !server.ladder.looks_blocked_long(now));
  });
}

bool Ladder::works_lower(const Server& server) const {
  return std::ranges::any_of(servers_, [&](const Server& other) {
    return &other != &server && other.operator_place == server.operator_place && other.ladder.works() &&
           other.ladder.worked_by() == 0 && server.ladder.height() > 0;
  });
}

std::optional<std::size_t> Ladder::working_beside(std::size_t server) const {
  for (std::size_t other = 0; other < servers_.size(); ++other)
    if (other != server && servers_[other].operator_place == servers_[server].operator_place &&
        servers_[other].ladder.works() && !servers_[other].ladder.on_trial())
      return other;
  return std::nullopt;
}

/// Checks a server that fails while another one works, and then that other one: after an outage, a server that no query
/// asks again seems to fail for ever. The other one must have been greeted just now. In an outage no server is, and a
/// check would take the queries' turns to connect.
void Ladder::suspect(std::size_t operator_place, Instant now) {
  for (std::size_t place = 0; place < servers_.size(); ++place) {
    if (servers_[place].operator_place != operator_place || !servers_[place].ladder.is_suspect()) continue;
    const auto other = working_beside(place);
    if (!other || now - servers_[*other].ladder.greeted_at() > just_now) continue;
    if (std::ranges::find(checking_, place) != checking_.end()) continue;
    checking_.push_back(place);
    checks_.push_back({now + check_delay, {place, {LadderLook::Purpose::check, servers_[place].ladder.way()}}});
  }
}

std::optional<Ladder::Look> Ladder::look(Instant now) {
  const auto due = std::ranges::find_if(checks_, [now](const Check& each) { return each.due <= now; });
  if (due != checks_.end()) {
    const Look look = due->look;
    checks_.erase(due);
    return look;
  }
  for (std::size_t place = 0; place < servers_.size(); ++place)
    if (const auto look = servers_[place].ladder.look(now)) return Look{place, *look};
  return std::nullopt;
}

void Ladder::looked(const Look& look, GreetingOutcome outcome, Instant now) {
  using enum LadderLook::Purpose;
  if (look.at.purpose == check || look.at.purpose == witness) return checked(look, outcome);
  Server& server = servers_[look.server];
  if (look.at.purpose == control && works_lower(server)) return server.ladder.come_down(now);
  server.ladder.looked(look.at, outcome, now);
}

void Ladder::checked(const Look& look, GreetingOutcome outcome) {
  using enum GreetingOutcome;
  const bool is_witness = look.at.purpose == LadderLook::Purpose::witness;
  const std::size_t place = is_witness ? look.suspect : look.server;
  const bool fails = outcome == reset || outcome == silent || outcome == dropped;
  const auto other = working_beside(place);
  if (!is_witness && fails && other) {
    const LadderLook witness{LadderLook::Purpose::witness, servers_[*other].ladder.way()};
    checks_.push_back({Instant::min(), {*other, witness, place, outcome}});
    return;
  }
  std::erase(checking_, place);
  if (is_witness && outcome == greeted)
    servers_[place].ladder.is_blocked_by(*look.shown);
  else
    servers_[place].ladder.forget_block();
}

void Ladder::begin_again() {
  checks_.clear();
  checking_.clear();
}

Instant Ladder::next_look() const {
  Instant next = Instant::max();
  for (const Check& check : checks_) next = std::min(next, check.due);
  for (const Server& server : servers_) next = std::min(next, server.ladder.next_look());
  return next;
}

}  // namespace tacet
