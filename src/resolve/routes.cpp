#include "resolve/routes.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tacet {
namespace {

Name lower_case(const Name& name) {
  std::vector<std::uint8_t> wire(name.wire().begin(), name.wire().end());
  std::ranges::transform(wire, wire.begin(), fold);
  return Name::from_checked_wire(wire);
}

/// True if `name` is `zone` or below it; both in lower case. The octets are compared first, for they seldom agree.
bool is_in(Bytes name, Bytes zone) {
  if (name.size() < zone.size()) return false;
  const std::size_t from = name.size() - zone.size();
  if (std::memcmp(name.data() + from, zone.data(), zone.size()) != 0) return false;
  std::size_t label = 0;
  while (label < from) label += name[label] + 1U;
  return label == from;
}

/// Takes the route that leads there out of `routes`, or makes one.
std::shared_ptr<Route> take_or_make(std::vector<std::shared_ptr<Route>>& routes, Scheduler& scheduler, ZoneRoute to) {
  const auto found = std::ranges::find_if(
      routes, [&](const auto& route) { return route->upstreams == to.upstreams && route->zone == to.zone; });
  if (found == routes.end()) return std::make_shared<Route>(scheduler, std::move(to));
  auto route = std::move(*found);
  routes.erase(found);
  return route;
}

}  // namespace

Routes::Routes(Scheduler& scheduler, std::size_t pending_limit, std::shared_ptr<Upstream> others,
               const std::vector<ZoneRoute>& zones)
    : scheduler_(scheduler) {
  use(pending_limit, std::move(others), zones);
}

void Routes::use(std::size_t pending_limit, std::shared_ptr<Upstream> others, const std::vector<ZoneRoute>& zones) {
  auto former = std::exchange(zones_, {});
  if (others_) former.push_back(std::move(others_));
  others_ = take_or_make(former, scheduler_, {Name{}, std::move(others)});
  for (const auto& [zone, upstreams] : zones)
    zones_.push_back(take_or_make(former, scheduler_, {lower_case(zone), upstreams}));
  std::ranges::stable_sort(zones_, std::ranges::greater{}, [](const auto& route) { return route->zone.wire().size(); });
  others_->in_flight.set_limit(pending_limit);
  for (const auto& route : zones_) route->in_flight.set_limit(pending_limit);
  retire(former);
}

void Routes::retire(const std::vector<std::shared_ptr<Route>>& routes) {
  std::erase_if(retired_, [](const auto& route) { return route.expired(); });
  for (const auto& route : routes) {
    shed_by_retired_ += route->in_flight.shed();
    retired_.emplace_back(route);
  }
}

const std::shared_ptr<Route>& Routes::find(Bytes name) const {
  const auto found =
      std::ranges::find_if(zones_, [name](const auto& route) { return is_in(name, route->zone.wire()); });
  return found == zones_.end() ? others_ : *found;
}

std::size_t Routes::waiting() const {
  std::size_t sum = others_->in_flight.waiting();
  for (const auto& route : zones_) sum += route->in_flight.waiting();
  for (const auto& held : retired_)
    if (const auto route = held.lock()) sum += route->in_flight.waiting();
  return sum;
}

std::uint64_t Routes::shed() const {
  std::uint64_t sum = shed_by_retired_ + others_->in_flight.shed();
  for (const auto& route : zones_) sum += route->in_flight.shed();
  return sum;
}

void Routes::forget_failures() {
  others_->failures.forget_own();
  for (const auto& route : zones_) route->failures.forget_own();
}

}  // namespace tacet
