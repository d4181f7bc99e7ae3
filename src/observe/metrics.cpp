#include "observe/metrics.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace tacet {

std::string_view to_string(Source source) {
  switch (source) {
    case Source::policy:
      return "policy";
    case Source::cache:
      return "cache";
    case Source::stale:
      return "stale";
    case Source::upstream:
      return "upstream";
    case Source::failure:
      return "failure";
  }
  return "unknown";
}

void Histogram::observe(Duration time, std::uint64_t count) {
  const double seconds = std::chrono::duration<double>(time).count();
  const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin();
  buckets_[static_cast<std::size_t>(bucket)] += count;
  count_ += count;
  sum_seconds_ += seconds * static_cast<double>(count);
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_seconds_ += other.sum_seconds_;
}

double Histogram::percentile(double share) const {
  if (count_ == 0) return 0;
  const double wanted = share * static_cast<double>(count_);
  double seen = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    seen += static_cast<double>(buckets_[i]);
    if (seen >= wanted) return bounds[i];
  }
  return bounds.back();
}

double Histogram::estimate(double share) const {
  if (count_ == 0) return 0;
  const double wanted = share * static_cast<double>(count_);
  double seen = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const auto here = static_cast<double>(buckets_[i]);
    const double lower = i == 0 ? 0 : bounds[i - 1];
    if (here > 0 && seen + here >= wanted) return lower + (bounds[i] - lower) * (wanted - seen) / here;
    seen += here;
  }
  return bounds.back();
}

Histogram Histogram::since(const Histogram& earlier) const {
  Histogram difference = *this;
  for (std::size_t i = 0; i < buckets_.size(); ++i) difference.buckets_[i] -= earlier.buckets_[i];
  difference.count_ -= earlier.count_;
  difference.sum_seconds_ -= earlier.sum_seconds_;
  return difference;
}

void Metrics::add(const Metrics& other) {
  using Words = std::array<std::uint64_t, sizeof(EventCounts) / sizeof(std::uint64_t)>;
  auto sum = std::bit_cast<Words>(static_cast<const EventCounts&>(*this));
  const auto more = std::bit_cast<Words>(static_cast<const EventCounts&>(other));
  std::ranges::transform(sum, more, sum.begin(), std::plus{});
  static_cast<EventCounts&>(*this) = std::bit_cast<EventCounts>(sum);
  at_once_time.add(other.at_once_time);
  waited_time.add(other.waited_time);
  miss_time.add(other.miss_time);
}

}  // namespace tacet
