#include "resolve/in_flight.hpp"

#include <utility>

namespace tacet {

FetchResult InFlight::make_overloaded() {
  return std::make_shared<const Result<Fetched>>(fail(Fault::overloaded, "too many queries wait for an answer"));
}

InFlight::FlightWaiter::FlightWaiter(InFlight& in_flight, const CacheKey& key)
    : in_flight_(in_flight),
      arrival_(in_flight.scheduler_) {
  while (in_flight_.in_order_ > 0 && in_flight_.in_order_ >= in_flight_.limit_) in_flight_.shed_oldest();
  auto [found, inserted] = in_flight_.flights_.try_emplace(key);
  leads_ = inserted;
  proved_ = std::exchange(found->second.ahead, {}).kind;
  in_flight_place_.join(found->second.waiters);
  in_order_place_.join(in_flight_.order_);
  ++in_flight_.in_order_;
  ++in_flight_.seats_;
}

InFlight::FlightWaiter::~FlightWaiter() {
  leave_order();
  --in_flight_.seats_;
}

void InFlight::FlightWaiter::leave_order() {
  if (in_order_place_.taken()) --in_flight_.in_order_;
  in_order_place_.leave();
}

/// False if the waiter was told something before.
bool InFlight::FlightWaiter::tell(const FetchResult& result) {
  leave_order();
  return arrival_.deliver(result);
}

void InFlight::shed_oldest() {
  if (order_.front().tell(overloaded_)) ++shed_;
}

void InFlight::refuse(const CacheKey& key) { shed_ += end(key, overloaded_); }

bool InFlight::begin(const CacheKey& key, Ahead ahead) {
  const auto [found, inserted] = flights_.try_emplace(key);
  if (inserted) found->second.ahead = ahead;
  return !inserted;
}

Ahead InFlight::ahead_of(const CacheKey& key) const {
  const auto found = flights_.find(key);
  return found == flights_.end() ? Ahead{} : found->second.ahead;
}

void InFlight::land(const CacheKey& key, const FetchResult& result) { end(key, result); }

/// Returns the number of waiters that were told.
std::size_t InFlight::end(const CacheKey& key, const FetchResult& result) {
  const auto found = flights_.find(key);
  if (found == flights_.end()) return 0;
  std::size_t told = 0;
  for (Ring<FlightWaiter>& waiters = found->second.waiters; !waiters.empty();) {
    FlightWaiter& waiter = waiters.front();
    waiter.in_flight_place_.leave();
    told += waiter.tell(result) ? 1 : 0;
  }
  flights_.erase(found);
  return told;
}

}  // namespace tacet
