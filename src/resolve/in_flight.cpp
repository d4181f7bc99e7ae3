#include "resolve/in_flight.hpp"

#include <algorithm>
#include <utility>

namespace tacet {
namespace {

const FetchResult& overloaded() {
  static const FetchResult result =
      std::make_shared<const Result<Fetched>>(fail(Fault::overloaded, "too many queries wait for an answer"));
  return result;
}

}  // namespace

InFlight::Seat::Seat(InFlight& in_flight, const CacheKey& key) : in_flight_(in_flight), arrival_(in_flight.scheduler_) {
  while (!in_flight_.order_.empty() && in_flight_.order_.size() >= in_flight_.limit_) in_flight_.shed_oldest();
  auto [found, inserted] = in_flight_.flights_.try_emplace(key);
  if (inserted) found->second = std::make_shared<Flight>();
  leads_ = inserted;
  flight_ = found->second;
  flight_->seats.push_back(this);
  place_ = in_flight_.order_.insert(in_flight_.order_.end(), this);
  ++in_flight_.seats_;
}

InFlight::Seat::~Seat() {
  leave_order();
  --in_flight_.seats_;
  std::erase(flight_->seats, this);
}

void InFlight::Seat::leave_order() {
  if (std::exchange(in_order_, false)) in_flight_.order_.erase(place_);
}

void InFlight::shed_oldest() {
  Seat& oldest = *order_.front();
  oldest.leave_order();
  if (oldest.arrival_.deliver(overloaded())) ++shed_;
}

void InFlight::refuse(const CacheKey& key) {
  if (const auto found = flights_.find(key); found != flights_.end()) shed_ += found->second->seats.size();
  land(key, overloaded());
}

bool InFlight::begin(const CacheKey& key) {
  auto [found, inserted] = flights_.try_emplace(key);
  if (inserted) found->second = std::make_shared<Flight>();
  return !inserted;
}

void InFlight::land(const CacheKey& key, const FetchResult& result) {
  const auto found = flights_.find(key);
  if (found == flights_.end()) return;
  const auto flight = std::move(found->second);
  flights_.erase(found);
  for (Seat* seat : flight->seats) {
    seat->leave_order();
    seat->arrival_.deliver(result);
  }
}

}  // namespace tacet
