#include "pool/ranking.hpp"

#include <algorithm>
#include <utility>

namespace tacet {
namespace {

bool markedly_faster(const PoolServer& a, const PoolServer& b) {
  const Duration time_a = a.channels.front().latency.typical(), time_b = b.channels.front().latency.typical();
  return time_a > Duration::zero() && time_b > Duration::zero() && time_a * 3 < time_b * 2 &&
         time_b - time_a > std::chrono::milliseconds(5);
}

bool comes_before(const PoolServer& a, const PoolServer& b) {
  if (a.health.good() != b.health.good()) return a.health.good();
  if (a.operator_place != b.operator_place) return a.operator_place < b.operator_place;
  if (a.is_reserve != b.is_reserve) return b.is_reserve;
  if (!a.health.good()) return a.health.failures() < b.health.failures();
  return markedly_faster(a, b);
}

}  // namespace

std::vector<PoolServer*> ranked(const PoolServers& servers) {
  std::vector<PoolServer*> order;
  order.reserve(servers.size());
  for (const auto& server : servers) {  // there are two or four servers: no sort that allocates
    const auto place =
        std::ranges::find_if(order, [&](const PoolServer* each) { return comes_before(*server, *each); });
    order.insert(place, server.get());
  }
  return order;
}

void put_last(std::vector<PoolServer*>& order, std::span<const std::string> passed_over) {
  const auto is_passed_over = [&](const PoolServer* server) {
    return std::ranges::any_of(server->channels, [&](const PoolChannel& channel) {
      return std::ranges::find(passed_over, channel.upstream->id()) != passed_over.end();
    });
  };
  const auto failing = std::ranges::find_if(order, [](const PoolServer* server) { return !server->health.good(); });
  std::stable_partition(order.begin(), failing, [&](const PoolServer* server) { return !is_passed_over(server); });
}

PoolChannel* channel_for_copy(const PoolServers& servers, const PoolChannel& first, const PoolChannel* excluded) {
  PoolChannel* best = nullptr;
  const auto burden = [](const PoolChannel& each) { return std::pair(each.stalled, each.outstanding); };
  for (const auto& server : servers) {
    if (server->operator_place != first.server->operator_place) continue;
    if (server.get() != first.server && !server->health.good()) continue;
    for (PoolChannel& each : server->channels) {
      if (&each == &first || &each == excluded || !each.upstream->warm()) continue;
      if (best == nullptr || burden(each) < burden(*best)) best = &each;
    }
  }
  return best;
}

}  // namespace tacet
