#include "pool/pool_server.hpp"

#include <algorithm>
#include <utility>

namespace tacet {
namespace {

constexpr std::size_t channels_in_turn = 2;
constexpr Duration spares_in_turn = std::chrono::minutes(1);
/// A second connection opens when so many queries came within a second.
constexpr std::uint32_t busy_rate = 4;

}  // namespace

PoolChannel::Sent PoolChannel::send(Instant now) {
  ++outstanding;
  return {++sent, now};
}

void PoolChannel::answered(const Sent& query, Duration round_trip, Instant now) {
  latency.sample(round_trip);
  if (query.number > latest_answered) {
    latest_answered = query.number;
    latest_answered_sent = query.at;
  }
  last_answer = now;
  stalled = false;
  server->health.succeeded();
}

const Latency& PoolChannel::times() const {
  if (latency.count() >= least_samples_for_guess) return latency;
  const auto count = [](const PoolChannel& each) { return each.latency.count(); };
  return std::ranges::max_element(server->channels, {}, count)->latency;
}

PoolServer::PoolServer(std::string its_operator, std::size_t place, std::vector<std::unique_ptr<Upstream>> upstreams)
    : operator_name(std::move(its_operator)),
      operator_place(place) {
  for (auto& upstream : upstreams) channels.push_back({.server = this, .upstream = std::move(upstream)});
}

/// Warm channels take turns, except those that wait for a lost segment. While queries get lost, spares take turns too:
/// fewer answers on each connection mean that fewer answers wait for the loss of another.
PoolChannel& PoolServer::choose_channel(Instant now) {
  PoolChannel* chosen = nullptr;
  const std::size_t count = in_turn(now);
  for (std::size_t i = 0; i < count; ++i) {
    PoolChannel& channel = channels[++turn_ % count];
    if (!channel.upstream->warm()) continue;
    if (!channel.stalled) return channel;
    chosen = &channel;
  }
  return chosen != nullptr ? *chosen : channels.front();
}

PoolChannel* PoolServer::unopened_channel(const PoolChannel& last) {
  if (!last.upstream->warm()) return nullptr;
  const auto found = std::ranges::find_if(
      channels, [&last](const PoolChannel& each) { return &each != &last && !each.upstream->warm(); });
  return found != channels.end() ? &*found : nullptr;
}

PoolChannel* PoolServer::open_spare(Instant now) {
  lossy_until_ = now + spares_in_turn;
  for (std::size_t i = channels_in_turn; i < channels.size(); ++i)
    if (!channels[i].upstream->warm()) return &channels[i];
  return nullptr;
}

void PoolServer::open_second(const PoolChannel& first, Instant now) {
  if (!busy(now) || !health.good() || !first.upstream->warm()) return;
  for (std::size_t i = 0; i < std::min(channels_in_turn, channels.size()); ++i)
    if (PoolChannel& each = channels[i]; &each != &first && !each.upstream->warm()) each.upstream->prepare();
}

/// If the server has answered other queries meanwhile, the failure is not its fault: the name gets no answer from
/// anybody, or the second connection cannot be opened.
void PoolServer::failed(Fault fault, Instant sent, Instant now) {
  if (fault == Fault::cancelled || fault == Fault::overloaded || answered_since(sent)) return;
  health.failed(now);
}

bool PoolServer::answered_since(Instant moment) const {
  return std::ranges::any_of(channels, [moment](const PoolChannel& each) { return each.last_answer >= moment; });
}

bool PoolServer::warm() const {
  return std::ranges::any_of(channels, [](const PoolChannel& each) { return each.upstream->warm(); });
}

void PoolServer::network_changed() {
  health = {};
  for (PoolChannel& channel : channels) {
    channel.latency.clear();
    channel.upstream->network_changed();
  }
}

std::size_t PoolServer::in_turn(Instant now) const {
  return now < lossy_until_ ? channels.size() : std::min(channels_in_turn, channels.size());
}

bool PoolServer::busy(Instant now) {
  if (now - second_begun_ >= std::chrono::seconds(1)) {
    second_begun_ = now;
    in_second_ = 0;
  }
  return ++in_second_ >= busy_rate;
}

}  // namespace tacet
