#include "report/prometheus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace tacet {
namespace {

double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

/// "tacet_" is prepended to the name.
struct Family {
  std::string_view name, type, help;
};

using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

class Exposition {
public:
  /// Begins a family. Nothing is written before its first sample.
  void begin(const Family& family) {
    family_ = family;
    announced_ = false;
  }

  template <class Number>
  void sample(const Labels& labels, Number value, std::string_view suffix = "") {
    announce();
    text_ += fmt::format("tacet_{}{}", family_.name, suffix);
    char before = '{';
    for (const auto& [label, content] : labels) {
      text_ += fmt::format("{}{}=\"{}\"", before, label, escaped(content));
      before = ',';
    }
    text_ += fmt::format("{} {}\n", labels.empty() ? "" : "}", value);
  }

  template <class Number>
  void single(const Family& family, Number value) {
    begin(family);
    sample({}, value);
  }

  std::string take() { return std::move(text_); }

private:
  void announce() {
    if (std::exchange(announced_, true)) return;
    text_ += fmt::format("# HELP tacet_{0} {1}\n# TYPE tacet_{0} {2}\n", family_.name, family_.help, family_.type);
  }

  Family family_{};
  bool announced_ = false;
  std::string text_;
};

void write_process(Exposition& out, const Snapshot& snapshot) {
  out.begin({"build_info", "gauge", "Always 1; the label tells the version."});
  out.sample({{"version", TACET_VERSION}}, 1);
  out.single({"uptime_seconds", "gauge", "Time since the start, suspension included."}, seconds(snapshot.uptime));
  out.single({"workers", "gauge", "Threads that serve."}, snapshot.workers);
  out.single({"tcp_clients", "gauge", "TCP connections of clients now open."}, snapshot.metrics.tcp_clients);
  out.single({"pending_queries", "gauge", "Queries that wait for an upstream."}, snapshot.pending);
}

void write_reloads(Exposition& out, const ReloadCounts& reloads) {
  out.begin({"config_reloads_total", "counter", "Reloads of the configuration, by what became of them."});
  out.sample({{"outcome", "good"}}, reloads.good);
  out.sample({{"outcome", "refused"}}, reloads.refused);
  out.single({"config_last_reload_successful", "gauge", "0 if the last reload was refused."},
             reloads.last_was_good ? 1 : 0);
  out.single({"config_last_reload_success_timestamp_seconds", "gauge", "When the configuration in use was read."},
             std::chrono::duration<double>(reloads.last_good.time_since_epoch()).count());
}

/// Sources are by the order of Source.
void write_queries(Exposition& out, const Metrics& metrics) {
  static constexpr std::array<std::string_view, source_count> sources{"policy", "cache", "stale", "upstream",
                                                                      "failure"};
  out.begin({"queries_total", "counter", "Queries of clients."});
  out.sample({{"transport", "udp"}}, metrics.udp_queries);
  out.sample({{"transport", "tcp"}}, metrics.tcp_queries);
  out.begin({"answers_total", "counter", "Answers to clients, by where they came from."});
  for (std::size_t i = 0; i < source_count; ++i) out.sample({{"source", sources[i]}}, metrics.answers[i]);
  out.begin({"rcodes_total", "counter", "Answers to clients, by the low four bits of the response code."});
  for (std::size_t i = 0; i < metrics.rcodes.size(); ++i)
    out.sample({{"rcode", to_string(static_cast<Rcode>(i))}}, metrics.rcodes[i]);
}

void write_events(Exposition& out, const Metrics& metrics) {
  const std::array<std::pair<Family, std::uint64_t>, 13> events{{
      {{"dropped_total", "counter", "Datagrams dropped because they were no queries."}, metrics.dropped},
      {{"rejected_total", "counter", "Queries refused for their form."}, metrics.rejected},
      {{"coalesced_total", "counter", "Cache misses that joined another's exchange."}, metrics.coalesced},
      {{"prefetches_total", "counter", "Refreshes begun before expiry."}, metrics.prefetches},
      {{"overloaded_total", "counter", "Cache misses answered SERVFAIL because a limit was reached."},
       metrics.overloaded},
      {{"not_allowed_total", "counter",
        "Queries and connections refused because no prefix of allow holds the address."},
       metrics.not_allowed},
      {{"rate_limited_total", "counter", "UDP queries over their client's rate, answered by TC=1."},
       metrics.rate_limited},
      {{"wait_limited_total", "counter", "Cache misses of clients that had as many waiting as they may."},
       metrics.wait_limited},
      {{"truncated_total", "counter", "Replies sent with TC=1."}, metrics.truncated},
      {{"send_failures_total", "counter", "UDP replies that the kernel did not take."}, metrics.send_failures},
      {{"retries_total", "counter", "Exchanges begun because another failed."}, metrics.retries},
      {{"bad_answers_total", "counter", "Mismatched or malformed answers of upstreams."}, metrics.bad_answers},
      {{"rebinds_refused_total", "counter", "Answers refused for private addresses of public names."},
       metrics.rebinds_refused},
  }};
  for (const auto& [family, count] : events) out.single(family, count);
  out.begin({"hedges_total", "counter", "Second exchanges that were wanted because the first seemed lost."});
  out.sample({{"outcome", "sent"}}, metrics.hedges_sent);
  out.sample({{"outcome", "denied"}}, metrics.hedges_denied);
  out.single({"hedges_won_total", "counter", "Second exchanges that answered first."}, metrics.hedges_won);
}

void write_histogram(Exposition& out, Labels labels, const Histogram& times) {
  std::uint64_t so_far = 0;
  const auto bucket = [&](std::string_view bound, std::uint64_t count) {
    labels.emplace_back("le", bound);
    out.sample(labels, count, "_bucket");
    labels.pop_back();
  };
  for (std::size_t i = 0; i < Histogram::bounds.size(); ++i) {
    so_far += times.buckets()[i];
    bucket(fmt::format("{}", Histogram::bounds[i]), so_far);
  }
  bucket("+Inf", times.count());
  out.sample(labels, times.sum_seconds(), "_sum");
  out.sample(labels, times.count(), "_count");
}

void write_times(Exposition& out, const Metrics& metrics) {
  out.begin({"answer_seconds", "histogram", "Time from query to reply, by whether the answer was here at once."});
  write_histogram(out, {{"wait", "no"}}, metrics.at_once_time);
  write_histogram(out, {{"wait", "yes"}}, metrics.waited_time);
  out.begin({"miss_seconds", "histogram", "Time from query to reply, for what an upstream answered."});
  write_histogram(out, {}, metrics.miss_time);
}

void write_cache(Exposition& out, const CacheStatistics& cache) {
  out.single({"cache_entries", "gauge", "Answers held."}, cache.entries);
  out.single({"cache_bytes", "gauge", "Memory that they take."}, cache.octets);
  out.single({"cache_budget_bytes", "gauge", "Memory that they may take."}, cache.budget);
  out.single({"cache_stored_total", "counter", "Answers stored."}, cache.stored);
  out.single({"cache_evicted_total", "counter", "Answers evicted to make room."}, cache.evicted);
}

void write_query_log(Exposition& out, const QueryLogCounts& log) {
  out.begin({"query_log_queries_total", "counter", "Queries for the query log, by what became of them."});
  out.sample({{"outcome", "written"}}, log.written);
  out.sample({{"outcome", "dropped"}}, log.dropped);
  out.sample({{"outcome", "failed"}}, log.failed);
}

/// The channels of one id in all workers.
struct ChannelSum {
  bool good = true;
  std::uint64_t warm = 0, outstanding = 0, connections = 0, resumptions = 0, answers = 0, failures = 0, reissued = 0;
  Duration p50{}, p95{}, p99{};  // the slowest worker's: percentiles cannot be added

  void add(const ChannelReport& channel) {
    good = good && channel.good;
    warm += channel.state.warm ? 1 : 0;
    outstanding += channel.state.outstanding;
    connections += channel.state.connections;
    resumptions += channel.state.resumptions;
    answers += channel.state.answers;
    failures += channel.state.failures;
    reissued += channel.state.reissued;
    p50 = std::max(p50, channel.p50);
    p95 = std::max(p95, channel.p95);
    p99 = std::max(p99, channel.p99);
  }
};

/// By zone (empty: everything else) and id.
using LaneSums = std::map<std::pair<std::string_view, std::string_view>, ChannelSum>;

LaneSums sum_up(const Snapshot& snapshot) {
  LaneSums sums;
  for (const ChannelReport& channel : snapshot.channels) sums[{"", channel.id}].add(channel);
  for (const ZoneReport& zone : snapshot.zones)
    for (const ChannelReport& channel : zone.channels) sums[{zone.zone, channel.id}].add(channel);
  return sums;
}

/// From what is configured, so that it is known before the first connection and stays.
std::string_view transport_of(std::string_view id) {
  if (id.starts_with("https://")) return "doh";
  return id.starts_with("tls://") ? "dot" : "plain";
}

Labels labels_of(const LaneSums::key_type& channel) {
  Labels labels{{"upstream", channel.second}, {"transport", transport_of(channel.second)}};
  if (!channel.first.empty()) labels.emplace_back("zone", channel.first);
  return labels;
}

struct Count {
  Family family;
  std::uint64_t ChannelSum::* member;
};
struct Time {
  Family family;
  Duration ChannelSum::* member;
};

constexpr std::array<Count, 7> counts{{
    {{"upstream_ready_workers", "gauge", "Workers that could send a query at once."}, &ChannelSum::warm},
    {{"upstream_outstanding_queries", "gauge", "Queries sent and not answered."}, &ChannelSum::outstanding},
    {{"upstream_connections_total", "counter", "Connections made."}, &ChannelSum::connections},
    {{"upstream_resumptions_total", "counter", "Connections that resumed a TLS session."}, &ChannelSum::resumptions},
    {{"upstream_answers_total", "counter", "Queries answered."}, &ChannelSum::answers},
    {{"upstream_failures_total", "counter", "Queries that failed."}, &ChannelSum::failures},
    {{"upstream_reissued_total", "counter", "Queries sent again on a new connection."}, &ChannelSum::reissued},
}};

// One family per percentile: only a summary may have the label "quantile", and a summary counts.
constexpr std::array<Time, 3> times{{
    {{"upstream_round_trip_p50_seconds", "gauge", "Median of the last round trips, of the slowest worker."},
     &ChannelSum::p50},
    {{"upstream_round_trip_p95_seconds", "gauge", "95th percentile of the last round trips, of the slowest worker."},
     &ChannelSum::p95},
    {{"upstream_round_trip_p99_seconds", "gauge", "99th percentile of the last round trips, of the slowest worker."},
     &ChannelSum::p99},
}};

void write_upstreams(Exposition& out, const LaneSums& channels) {
  out.begin({"upstream_up", "gauge", "1 if all workers believe that it works, 0 if one found it failing."});
  for (const auto& [key, channel] : channels) out.sample(labels_of(key), channel.good ? 1 : 0);
  for (const Count& count : counts) {
    out.begin(count.family);
    for (const auto& [key, channel] : channels) out.sample(labels_of(key), channel.*count.member);
  }
  for (const Time& time : times) {
    out.begin(time.family);
    for (const auto& [key, channel] : channels)
      if (channel.*time.member != Duration::zero()) out.sample(labels_of(key), seconds(channel.*time.member));
  }
}

/// By the order of EchState.
void write_names(Exposition& out, const Exposure& exposure) {
  static constexpr std::array<std::string_view, ech_state_count> states{"unknown", "no_https", "no_ech", "ech"};
  StateCounts known;
  for (const auto& [wire, name] : exposure.names) ++known[name.state()];
  out.begin({"exposure_names", "gauge", "Names that clients resolved, by what their HTTPS record offers."});
  for (std::size_t i = 0; i < ech_state_count; ++i) out.sample({{"state", states[i]}}, known.names[i]);
}

void write_endpoints(Exposition& out, const Exposure& exposure) {
  const auto labels = [](const EndpointExposure& endpoint) {
    return Labels{{"upstream", endpoint.upstream}, {"address", endpoint.facts->address}};
  };
  out.begin({"exposure_endpoint_sni", "gauge", "1 if the latest connection showed the server's name in clear (SNI)."});
  for (const auto& endpoint : exposure.endpoints) out.sample(labels(endpoint), endpoint.facts->sni.empty() ? 0 : 1);
  out.begin({"exposure_endpoint_answers_total", "counter", "Responses of this address."});
  for (const auto& endpoint : exposure.endpoints) out.sample(labels(endpoint), endpoint.answers);
  out.begin({"exposure_endpoint_padded_answers_total", "counter", "Responses of this address that came padded."});
  for (const auto& endpoint : exposure.endpoints) out.sample(labels(endpoint), endpoint.padded);
}

}  // namespace

std::string prometheus_text(const Snapshot& snapshot, const Exposure& exposure) {
  Exposition out;
  write_process(out, snapshot);
  write_reloads(out, snapshot.reloads);
  write_queries(out, snapshot.metrics);
  write_events(out, snapshot.metrics);
  write_times(out, snapshot.metrics);
  write_cache(out, snapshot.cache);
  write_query_log(out, snapshot.query_log);
  write_upstreams(out, sum_up(snapshot));
  out.single({"plaintext_lookups_total", "counter", "Look-ups of upstreams' names made in the clear."},
             snapshot.plaintext_lookups);
  write_names(out, exposure);
  write_endpoints(out, exposure);
  return out.take();
}

}  // namespace tacet
