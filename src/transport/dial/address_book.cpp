#include <algorithm>

#include "transport/dial/connector.hpp"

namespace tacet {

namespace {

/// For this time a family that lost a race is not tried first.
constexpr Duration demotion = std::chrono::minutes(10);

void move_to_front(std::vector<std::size_t>& order, std::size_t index) {
  const auto at = std::ranges::find(order, index);
  std::rotate(order.begin(), at, at + 1);
}

/// Takes from both in turn until both are empty.
std::vector<std::size_t> alternate(const std::vector<std::size_t>& first, const std::vector<std::size_t>& second) {
  std::vector<std::size_t> merged;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) merged.push_back(first[i]);
    if (i < second.size()) merged.push_back(second[i]);
  }
  return merged;
}

}  // namespace

std::vector<DialTarget> AddressBook::order(Instant now) const {
  std::vector<std::size_t> v6, v4;
  bool v6_lost = false, v4_lost = false;
  for (std::size_t i = 0; i < addresses_.size(); ++i) {
    const bool lost = lost_[i] > now - demotion;
    (addresses_[i].is_v6() ? v6 : v4).push_back(i);
    (addresses_[i].is_v6() ? v6_lost : v4_lost) |= lost;
  }
  if (winner_) move_to_front(addresses_[*winner_].is_v6() ? v6 : v4, *winner_);
  const bool v4_first = v6_lost != v4_lost ? v6_lost : winner_ && !addresses_[*winner_].is_v6();
  const std::vector<std::size_t>& first = v4_first ? v4 : v6;
  const std::vector<std::size_t>& second = v4_first ? v6 : v4;
  std::vector<std::size_t> order = first;
  if (v6_lost == v4_lost)
    order = alternate(first, second);
  else
    order.insert(order.end(), second.begin(), second.end());
  if (winner_) move_to_front(order, *winner_);
  const auto muted = [&](std::size_t i) { return mute_[i] > now - demotion ? mute_[i] : Instant::min(); };
  std::ranges::stable_sort(order, {}, muted);
  std::vector<DialTarget> in_order;
  in_order.reserve(order.size());
  for (const std::size_t index : order) in_order.push_back(addresses_[index]);
  return in_order;
}

std::optional<std::size_t> AddressBook::place_of(const DialTarget& address) const {
  const auto found = std::ranges::find(addresses_, address);
  if (found == addresses_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - addresses_.begin());
}

void AddressBook::won(const DialTarget& address, Duration took) {
  connect_time_ = took;
  if (const auto place = place_of(address)) winner_ = place;
  for (std::size_t i = 0; i < addresses_.size(); ++i)
    if (addresses_[i].is_v6() == address.is_v6()) lost_[i] = Instant::min();
}

void AddressBook::failed(const DialTarget& address, Instant now) {
  const auto place = place_of(address);
  if (!place) return;
  lost_[*place] = now;
  if (winner_ == place) winner_.reset();
}

void AddressBook::greeting_failed(const DialTarget& address, Instant now) {
  if (const auto place = place_of(address)) mute_[*place] = now;
}

void AddressBook::greeted(const DialTarget& address) {
  if (const auto place = place_of(address)) mute_[*place] = Instant::min();
}

void AddressBook::expect(const DialTarget& address) {
  if (const auto place = place_of(address)) winner_ = place;
}

void AddressBook::forget() {
  winner_.reset();
  connect_time_.reset();
  std::ranges::fill(lost_, Instant::min());
  std::ranges::fill(mute_, Instant::min());
}

void AddressBook::replace(std::vector<DialTarget> addresses) {
  std::vector<Instant> lost(addresses.size(), Instant::min()), mute = lost;
  std::optional<std::size_t> winner;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto old = place_of(addresses[i]);
    if (!old) continue;
    lost[i] = lost_[*old];
    mute[i] = mute_[*old];
    if (winner_ == old) winner = i;
  }
  addresses_ = std::move(addresses);
  lost_ = std::move(lost);
  mute_ = std::move(mute);
  winner_ = winner;
}

}  // namespace tacet
