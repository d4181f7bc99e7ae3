#include "resolve/routes.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.hpp"

namespace tacet {
namespace {

Name lower_name(const Name& name) { return Name::from_checked_wire(bytes_of(lower_case(chars_of(name.wire())))); }

/// True if `name` is `zone` or below it; both in lower case. Compares the octets first, because they seldom match.
bool is_in(Bytes name, Bytes zone) {
  if (name.size() < zone.size()) return false;
  const std::size_t from = name.size() - zone.size();
  if (std::memcmp(name.data() + from, zone.data(), zone.size()) != 0) return false;
  std::size_t label = 0;
  while (label < from) label += name[label] + 1U;
  return label == from;
}

}  // namespace

Routes::Routes(Scheduler& scheduler, std::size_t pending_limit, std::shared_ptr<Upstream> others,
               const std::vector<ZoneRoute>& zones)
    : scheduler_(scheduler) {
  use(prepare(pending_limit, std::move(others), zones));
}

/// The existing route to these upstreams, or a new one.
std::shared_ptr<Route> Routes::keep_or_make(ZoneRoute to) const {
  const auto leads_there = [&](const auto& route) {
    return route && route->upstreams == to.upstreams && route->zone == to.zone;
  };
  if (leads_there(others_)) return others_;
  const auto found = std::ranges::find_if(zones_, leads_there);
  return found != zones_.end() ? *found : std::make_shared<Route>(scheduler_, std::move(to));
}

Routes::Change Routes::prepare(std::size_t pending_limit, std::shared_ptr<Upstream> others,
                               const std::vector<ZoneRoute>& zones) {
  Change change{pending_limit, keep_or_make({Name{}, std::move(others)}), {}};
  for (const auto& [zone, upstreams] : zones) change.zones.push_back(keep_or_make({lower_name(zone), upstreams}));
  std::ranges::stable_sort(change.zones, std::ranges::greater{},
                           [](const auto& route) { return route->zone.wire().size(); });
  std::erase_if(retired_, [](const auto& route) { return route.expired(); });
  retired_.reserve(retired_.size() + zones_.size() + 1);
  return change;
}

void Routes::use(Change change) {
  std::swap(others_, change.others);
  std::swap(zones_, change.zones);
  others_->in_flight.set_limit(change.pending_limit);
  for (const auto& route : zones_) route->in_flight.set_limit(change.pending_limit);
  if (change.others && change.others != others_) retire(change.others);
  for (const auto& route : change.zones)
    if (std::ranges::find(zones_, route) == zones_.end()) retire(route);
}

void Routes::retire(const std::shared_ptr<Route>& route) {
  shed_by_retired_ += route->in_flight.shed();
  retired_.emplace_back(route);
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
