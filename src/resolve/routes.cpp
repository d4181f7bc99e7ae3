#include "resolve/routes.hpp"

#include <algorithm>
#include <cstring>

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

}  // namespace

Routes::Routes(Scheduler& scheduler, std::size_t pending_limit, Upstream& others, const std::vector<ZoneRoute>& zones)
    : others_(std::make_unique<Route>(scheduler, pending_limit, ZoneRoute{Name{}, others})) {
  for (const auto& [zone, upstreams] : zones)
    zones_.push_back(std::make_unique<Route>(scheduler, pending_limit, ZoneRoute{lower_case(zone), upstreams}));
  std::ranges::stable_sort(zones_, std::ranges::greater{}, [](const auto& route) { return route->zone.wire().size(); });
}

Route& Routes::find(Bytes name) const {
  const auto found =
      std::ranges::find_if(zones_, [name](const auto& route) { return is_in(name, route->zone.wire()); });
  return found == zones_.end() ? *others_ : **found;
}

std::size_t Routes::waiting() const {
  std::size_t sum = others_->in_flight.waiting();
  for (const auto& route : zones_) sum += route->in_flight.waiting();
  return sum;
}

std::uint64_t Routes::shed() const {
  std::uint64_t sum = others_->in_flight.shed();
  for (const auto& route : zones_) sum += route->in_flight.shed();
  return sum;
}

void Routes::forget_failures() {
  others_->failures.forget_own();
  for (const auto& route : zones_) route->failures.forget_own();
}

}  // namespace tacet
