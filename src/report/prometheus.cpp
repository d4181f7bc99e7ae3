#include "report/prometheus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/duration.hpp"
#include "report/counter_table.hpp"

namespace tacet {
namespace {

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
  std::string_view name, help;
  std::string_view type = name.ends_with("_total") ? "counter" : "gauge";
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
  out.begin({"build_info", "Always 1; the label tells the version."});
  out.sample({{"version", TACET_VERSION}}, 1);
  out.single({"uptime_seconds", "Time since the start, suspension included."}, seconds(snapshot.uptime));
  out.single({"config_last_reload_successful", "0 if the last reload was refused."},
             snapshot.reloads.last_was_good ? 1 : 0);
  out.single({"config_last_reload_success_timestamp_seconds", "When the configuration in use was read."},
             std::chrono::duration<double>(snapshot.reloads.last_good.time_since_epoch()).count());
}

void write_certificates(Exposition& out, const Snapshot& snapshot) {
  out.begin({"certificate_expiry_timestamp_seconds", "When the certificate of an encrypted listener ends."});
  for (const CertificateReport& each : snapshot.certificates)
    out.sample({{"listener", each.listener}}, std::chrono::duration<double>(each.not_after.time_since_epoch()).count());
}

void write_counters(Exposition& out, const Snapshot& snapshot) {
  for (const Counter& counter : counters()) {
    if (!counter.help.empty()) out.begin({counter.family, counter.help});
    out.sample(counter.label.first.empty() ? Labels{} : Labels{counter.label}, counter.read(snapshot));
  }
}

void write_rcodes(Exposition& out, const Metrics& metrics) {
  out.begin({"rcodes_total", "Answers to clients, by the low four bits of the response code."});
  for (std::size_t i = 0; i < metrics.rcodes.size(); ++i)
    out.sample({{"rcode", to_string(static_cast<Rcode>(i))}}, metrics.rcodes[i]);
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
  out.begin({"answer_seconds", "Time from query to reply, by whether the answer was immediate.", "histogram"});
  write_histogram(out, {{"wait", "no"}}, metrics.at_once_time);
  write_histogram(out, {{"wait", "yes"}}, metrics.waited_time);
  out.begin({"miss_seconds", "Time from query to reply, for queries that an upstream answered.", "histogram"});
  write_histogram(out, {}, metrics.miss_time);
}

/// An upstream and its zone; empty: all other names.
using ZoneAndUpstream = std::pair<std::string_view, const UpstreamReport*>;

std::vector<ZoneAndUpstream> all_upstreams(const Snapshot& snapshot) {
  std::vector<ZoneAndUpstream> all;
  for (const UpstreamReport& upstream : snapshot.upstreams) all.emplace_back("", &upstream);
  for (const ZoneReport& zone : snapshot.zones)
    for (const UpstreamReport& upstream : zone.upstreams) all.emplace_back(zone.zone, &upstream);
  return all;
}

std::string_view word(Transport transport) {
  if (transport == Transport::doh) return "doh";
  if (transport == Transport::doq) return "doq";
  return transport == Transport::dot ? "dot" : "do53";
}

Labels labels_of(const ZoneAndUpstream& each) {
  const auto& [zone, upstream] = each;
  Labels labels{{"upstream", upstream->id}, {"transport", word(upstream->transport())}};
  if (!zone.empty()) labels.emplace_back("zone", zone);
  return labels;
}

/// The open connections of an upstream by the way that they take.
void write_paths(Exposition& out, const ZoneAndUpstream& each) {
  using Path = std::tuple<std::string, std::string, Rung>;  // interface, proxy and rung
  std::map<Path, std::uint64_t> open;
  for (const ChannelReport& channel : each.second->channels)
    if (const auto& facts = channel.state.facts; channel.state.warm && facts)
      ++open[{facts->interface, facts->proxy, facts->rung}];
  for (const auto& [path, count] : open) {
    Labels labels = labels_of(each);
    labels.emplace_back("interface", std::get<0>(path));
    labels.emplace_back("proxy", std::get<1>(path));
    labels.emplace_back("rung", to_string(std::get<2>(path)));
    out.sample(labels, count);
  }
}

void write_interferences(Exposition& out, const std::vector<Interference>& all) {
  out.begin({"path_interference", "1 if the network does this to connections with upstreams."});
  for (const InterferenceKind kind : all_interference_kinds) {
    const bool is_there = std::ranges::find(all, kind, &Interference::kind) != all.end();
    out.sample({{"kind", to_string(kind)}}, is_there ? 1 : 0);
  }
}

void write_sites(Exposition& out, const Snapshot& snapshot) {
  out.begin({"upstream_site_info", "1: the server at this address names itself so (NSID)."});
  for (const ServerSite& each : snapshot.sites)
    out.sample({{"upstream", each.upstream}, {"address", each.address}, {"site", each.site}, {"server", each.server}},
               1);
  out.begin({"upstream_site_changes_total", "How often another site than before answered at an address."});
  out.sample({}, snapshot.site_changes);
}

void write_upstreams(Exposition& out, const std::vector<ZoneAndUpstream>& all) {
  out.begin({"upstream_up", "1 if all workers believe that the upstream works, 0 if one found it failing."});
  for (const auto& each : all) out.sample(labels_of(each), each.second->good ? 1 : 0);
  out.begin({"upstream_open_connections", "Connections that are up."});
  for (const auto& each : all)
    if (!each.second->is_plain()) out.sample(labels_of(each), each.second->open_connections());
  out.begin({"upstream_path_open_connections", "Connections that are up, by interface, proxy and rung of the ladder."});
  for (const auto& each : all)
    if (!each.second->is_plain()) write_paths(out, each);
  for (const UpstreamCounter& counter : upstream_counters()) {
    out.begin({counter.family, counter.help});
    for (const auto& each : all) out.sample(labels_of(each), sum_of(*each.second, counter));
  }
  for (const UpstreamPercentile& percentile : upstream_percentiles()) {
    out.begin({percentile.family, percentile.help});
    for (const auto& each : all)
      if (const Duration time = slowest_of(*each.second, percentile); time != Duration::zero())
        out.sample(labels_of(each), seconds(time));
  }
}

/// In the order of EchState.
void write_names(Exposition& out, const ExposureOverview& exposure) {
  static constexpr std::array<std::string_view, ech_state_count> states{"unknown", "no_https", "no_ech", "ech"};
  out.begin({"exposure_names", "Names that clients resolved, by what their HTTPS record offers."});
  for (std::size_t i = 0; i < ech_state_count; ++i) out.sample({{"state", states[i]}}, exposure.names.names[i]);
  out.begin({"exposure_domains", "Registrable domains of these names, by the worst state known of their names."});
  for (std::size_t i = 0; i < ech_state_count; ++i) out.sample({{"state", states[i]}}, exposure.domains.names[i]);
}

void write_endpoints(Exposition& out, const ExposureOverview& exposure) {
  const auto labels = [](const EndpointExposure& endpoint) {
    return Labels{{"upstream", endpoint.upstream}, {"address", endpoint.facts->address}};
  };
  out.begin({"exposure_endpoint_sni", "1 if the latest connection showed the server's name in clear (SNI)."});
  for (const auto& endpoint : exposure.endpoints) out.sample(labels(endpoint), endpoint.facts->sni.empty() ? 0 : 1);
  out.begin({"exposure_endpoint_answers_total", "Responses of this address."});
  for (const auto& endpoint : exposure.endpoints) out.sample(labels(endpoint), endpoint.answers);
  out.begin({"exposure_endpoint_padded_answers_total", "Padded responses of this address."});
  for (const auto& endpoint : exposure.endpoints) out.sample(labels(endpoint), endpoint.padded);
}

}  // namespace

std::string prometheus_text(const Snapshot& snapshot, const ExposureOverview& exposure) {
  Exposition out;
  write_process(out, snapshot);
  write_certificates(out, snapshot);
  write_counters(out, snapshot);
  write_rcodes(out, snapshot.metrics);
  write_times(out, snapshot.metrics);
  write_upstreams(out, all_upstreams(snapshot));
  write_interferences(out, snapshot.interferences);
  write_sites(out, snapshot);
  write_names(out, exposure);
  write_endpoints(out, exposure);
  return out.take();
}

}  // namespace tacet
