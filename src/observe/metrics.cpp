#include "observe/metrics.hpp"

#include <algorithm>

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

void Metrics::add(const Metrics& other) {
  udp_queries += other.udp_queries;
  tcp_queries += other.tcp_queries;
  dropped += other.dropped;
  rejected += other.rejected;
  for (std::size_t i = 0; i < answers.size(); ++i) answers[i] += other.answers[i];
  for (std::size_t i = 0; i < rcodes.size(); ++i) rcodes[i] += other.rcodes[i];
  coalesced += other.coalesced;
  prefetches += other.prefetches;
  overloaded += other.overloaded;
  not_allowed += other.not_allowed;
  rate_limited += other.rate_limited;
  wait_limited += other.wait_limited;
  truncated += other.truncated;
  send_failures += other.send_failures;
  tcp_clients += other.tcp_clients;
  hedges_sent += other.hedges_sent;
  hedges_won += other.hedges_won;
  hedges_denied += other.hedges_denied;
  retries += other.retries;
  bad_answers += other.bad_answers;
  rebinds_refused += other.rebinds_refused;
  at_once_time.add(other.at_once_time);
  waited_time.add(other.waited_time);
  miss_time.add(other.miss_time);
}

}  // namespace tacet
