#include "resolve/in_flight.hpp"

#include <algorithm>

namespace tacet {

InFlight::Seat::Seat(InFlight& in_flight, const CacheKey& key) : in_flight_(in_flight), arrival_(in_flight.scheduler_) {
  if (in_flight_.order_.size() >= in_flight_.limit_) {
    static const FetchResult overloaded =
        std::make_shared<const Result<Fetched>>(fail(Fault::overloaded, "too many queries wait for an answer"));
    Seat* oldest = in_flight_.order_.front();
    in_flight_.order_.splice(in_flight_.order_.end(), in_flight_.order_, oldest->place_);
    if (oldest->arrival_.deliver(overloaded)) ++in_flight_.shed_;
  }
  auto [found, inserted] = in_flight_.flights_.try_emplace(key);
  if (inserted) found->second = std::make_shared<Flight>();
  leads_ = inserted;
  flight_ = found->second;
  flight_->seats.push_back(this);
  place_ = in_flight_.order_.insert(in_flight_.order_.end(), this);
}

InFlight::Seat::~Seat() {
  in_flight_.order_.erase(place_);
  std::erase(flight_->seats, this);
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
  for (Seat* seat : flight->seats) seat->arrival_.deliver(result);
}

}  // namespace tacet
