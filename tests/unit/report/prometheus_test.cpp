#include "report/prometheus.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <tuple>

using namespace std::chrono_literals;

namespace tacet {
namespace {

bool is_name(std::string_view text) {
  const auto starts = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':'; };
  return !text.empty() && starts(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return starts(c) || (c >= '0' && c <= '9'); });
}

/// Takes `{label="value",…}` from the front of the text: the labels, their values unescaped.
std::optional<std::map<std::string, std::string>> take_labels(std::string_view& text) {
  std::map<std::string, std::string> labels;
  if (!text.starts_with('{')) return labels;
  while (!text.starts_with('}')) {
    text.remove_prefix(1);  // the brace, or the comma
    const auto equals = text.find("=\"");
    if (equals == std::string_view::npos || !is_name(text.substr(0, equals))) return {};
    std::string& value = labels[std::string(text.substr(0, equals))];
    for (text.remove_prefix(equals + 2); !text.starts_with('"'); text.remove_prefix(1)) {
      if (text.empty()) return {};
      const bool escape = text.front() == '\\';
      if (escape) text.remove_prefix(1);
      if (text.empty() || (escape && std::string_view("\\\"n").find(text.front()) == std::string_view::npos)) return {};
      value += escape && text.front() == 'n' ? '\n' : text.front();
    }
    text.remove_prefix(1);
    if (!text.starts_with(',') && !text.starts_with('}')) return {};
  }
  text.remove_prefix(1);
  return labels;
}

struct Sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
  bool operator<(const Sample& other) const { return std::tie(name, labels) < std::tie(other.name, other.labels); }
};

/// One line by the grammar of the text format, without a timestamp.
std::optional<Sample> sample_of(std::string_view line) {
  Sample sample;
  sample.name = line.substr(0, line.find_first_of("{ "));
  line.remove_prefix(sample.name.size());
  auto labels = take_labels(line);
  if (!is_name(sample.name) || !labels || !line.starts_with(' ')) return {};
  sample.labels = *std::move(labels);
  const char* const end = line.data() + line.size();
  const auto [rest, error] = std::from_chars(line.data() + 1, end, sample.value);
  if (error != std::errc{} || rest != end || !std::isfinite(sample.value)) return {};
  return sample;
}

/// A text taken apart. Each line must belong to the family announced last, and nothing may occur twice.
struct Reading {
  std::map<std::string, std::string> types;
  std::vector<Sample> samples;

  explicit Reading(const std::string& text) {
    REQUIRE(text.ends_with('\n'));
    std::istringstream lines(text);
    std::set<std::string> helped;
    std::string family;
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      std::istringstream words(line);
      std::string sign, keyword, name, type;
      words >> sign >> keyword >> name >> type;
      if (line.starts_with("# HELP ")) {
        CHECK(helped.insert(name).second);
        CHECK_FALSE(type.empty());
        family = name;
      } else if (line.starts_with("# TYPE ")) {
        CHECK(name == family);
        CHECK(types.emplace(name, type).second);
        CHECK(std::set<std::string>{"counter", "gauge", "histogram"}.contains(type));
      } else {
        add(family, line);
      }
    }
    CHECK(std::set<Sample>(samples.begin(), samples.end()).size() == samples.size());
  }

  void add(const std::string& family, const std::string& line) {
    const auto sample = sample_of(line);
    REQUIRE(sample.has_value());
    REQUIRE(types.contains(family));
    const std::string suffix = sample->name.starts_with(family) ? sample->name.substr(family.size()) : "of another";
    const bool histogram = types[family] == "histogram";
    CHECK(
        (histogram ? std::set<std::string>{"_bucket", "_sum", "_count"} : std::set<std::string>{""}).contains(suffix));
    CHECK((types[family] == "counter") == family.ends_with("_total"));
    samples.push_back(*sample);
  }

  double value(const std::string& name, const std::map<std::string, std::string>& labels = {}) const {
    CAPTURE(name);
    const auto found = std::ranges::find_if(
        samples, [&](const Sample& sample) { return sample.name == name && sample.labels == labels; });
    REQUIRE(found != samples.end());
    return found->value;
  }
  auto number_of(const std::string& name) const { return std::ranges::count(samples, name, &Sample::name); }
};

ChannelReport channel(std::string id, Duration p50, bool good = true) {
  ChannelReport report{.id = std::move(id),
                       .operator_name = "example",
                       .good = good,
                       .p50 = p50,
                       .p95 = p50 * 2,
                       .p99 = p50 * 3,
                       .state = {}};
  report.state.warm = true;
  report.state.connections = 3;
  report.state.answers = 10;
  return report;
}

EndpointExposure endpoint(std::string address, std::string sni) {
  ConnectionFacts facts{.address = std::move(address), .sni = std::move(sni)};
  return {.upstream = "https://dns.example/dns-query",
          .facts = std::make_shared<const ConnectionFacts>(std::move(facts)),
          .answers = 9,
          .padded = 8};
}

}  // namespace

TEST_CASE("a server that has done nothing yet has every counter at zero, and no upstreams") {
  const Reading reading(prometheus_text({}, {}));
  CHECK(reading.value("tacet_queries_total", {{"transport", "udp"}}) == 0);
  CHECK(reading.value("tacet_rcodes_total", {{"rcode", "SERVFAIL"}}) == 0);
  CHECK(reading.value("tacet_exposure_names", {{"state", "ech"}}) == 0);
  CHECK(reading.value("tacet_build_info", {{"version", TACET_VERSION}}) == 1);
  CHECK_FALSE(reading.types.contains("tacet_upstream_up"));
}

TEST_CASE("counters keep their numbers apart") {
  Snapshot snapshot;
  snapshot.uptime = 90500ms;
  snapshot.metrics.udp_queries = 11;
  snapshot.metrics.tcp_queries = 12;
  snapshot.metrics.answers = {1, 2, 3, 4, 5};
  snapshot.metrics.rcodes[3] = 8;
  snapshot.metrics.hedges_sent = 6;
  snapshot.metrics.hedges_won = 2;
  snapshot.metrics.hedges_denied = 7;
  snapshot.metrics.overloaded = 14;
  snapshot.cache = {.entries = 21, .octets = 22, .budget = 23, .stored = 24, .evicted = 25};
  snapshot.plaintext_lookups = 32;
  const Reading reading(prometheus_text(snapshot, {}));
  CHECK(reading.value("tacet_uptime_seconds") == 90.5);
  CHECK(reading.value("tacet_queries_total", {{"transport", "udp"}}) == 11);
  CHECK(reading.value("tacet_queries_total", {{"transport", "tcp"}}) == 12);
  CHECK(reading.value("tacet_answers_total", {{"source", "policy"}}) == 1);
  CHECK(reading.value("tacet_answers_total", {{"source", "failure"}}) == 5);
  CHECK(reading.value("tacet_rcodes_total", {{"rcode", "NXDOMAIN"}}) == 8);
  CHECK(reading.value("tacet_hedges_total", {{"outcome", "sent"}}) == 6);
  CHECK(reading.value("tacet_hedges_total", {{"outcome", "denied"}}) == 7);
  CHECK(reading.value("tacet_hedges_won_total") == 2);
  CHECK(reading.value("tacet_overloaded_total") == 14);
  CHECK(reading.value("tacet_cache_entries") == 21);
  CHECK(reading.value("tacet_cache_bytes") == 22);
  CHECK(reading.value("tacet_cache_budget_bytes") == 23);
  CHECK(reading.value("tacet_cache_stored_total") == 24);
  CHECK(reading.value("tacet_cache_evicted_total") == 25);
  CHECK(reading.value("tacet_plaintext_lookups_total") == 32);
}

TEST_CASE("the end of each listener's certificate is a time, and without listeners there is none") {
  Snapshot snapshot;
  CHECK(!prometheus_text(snapshot, {}).contains("certificate"));
  snapshot.certificates = {{"https", "server.pem", {}, WallTime(1000s), {}}};
  const Reading reading(prometheus_text(snapshot, {}));
  CHECK(reading.value("tacet_certificate_expiry_timestamp_seconds", {{"listener", "https"}}) == 1000);
}

TEST_CASE("the histogram is cumulative, in seconds, and ends with all") {
  Snapshot snapshot;
  for (const Duration time : {Duration(2ms), Duration(2ms), Duration(30ms), Duration(60s)})
    snapshot.metrics.miss_time.observe(time);
  const Reading reading(prometheus_text(snapshot, {}));
  CHECK(reading.value("tacet_miss_seconds_bucket", {{"le", "0.001"}}) == 0);
  CHECK(reading.value("tacet_miss_seconds_bucket", {{"le", "0.0025"}}) == 2);
  CHECK(reading.value("tacet_miss_seconds_bucket", {{"le", "0.025"}}) == 2);
  CHECK(reading.value("tacet_miss_seconds_bucket", {{"le", "0.05"}}) == 3);
  CHECK(reading.value("tacet_miss_seconds_bucket", {{"le", "5"}}) == 3);
  CHECK(reading.value("tacet_miss_seconds_bucket", {{"le", "+Inf"}}) == 4);
  CHECK(reading.value("tacet_miss_seconds_count") == 4);
  CHECK(reading.value("tacet_miss_seconds_sum") == doctest::Approx(60.034));
  CHECK(reading.number_of("tacet_miss_seconds_bucket") == Histogram::bounds.size() + 1);
}

TEST_CASE("an upstream is the sum of its connections in all workers, with the slowest one's times") {
  Snapshot snapshot;
  add_channels(snapshot.upstreams, {channel("https://dns.example/dns-query", 10ms), channel("tls://192.0.2.1", 0ms)});
  add_channels(snapshot.upstreams, {channel("https://dns.example/dns-query", 20ms, false)});
  add_channels(snapshot.upstreams, {channel("https://dns.example/dns-query#2", 5ms)});
  const Reading reading(prometheus_text(snapshot, {}));
  const std::map<std::string, std::string> doh{{"upstream", "https://dns.example/dns-query"}, {"transport", "doh"}};
  const std::map<std::string, std::string> dot{{"upstream", "tls://192.0.2.1"}, {"transport", "dot"}};
  CHECK(reading.value("tacet_upstream_up", doh) == 0);
  CHECK(reading.value("tacet_upstream_up", dot) == 1);
  CHECK(reading.value("tacet_upstream_open_connections", doh) == 3);
  CHECK(reading.value("tacet_upstream_connections_total", doh) == 9);
  CHECK(reading.value("tacet_upstream_answers_total", doh) == 30);
  CHECK(reading.value("tacet_upstream_answers_total", dot) == 10);
  CHECK(reading.value("tacet_upstream_round_trip_p50_seconds", doh) == 0.02);
  CHECK(reading.value("tacet_upstream_round_trip_p99_seconds", doh) == doctest::Approx(0.06));
  CHECK(reading.number_of("tacet_upstream_round_trip_p50_seconds") == 1);  // nothing is known of the other
}

TEST_CASE("each kind of interference is a gauge") {
  Snapshot snapshot;
  snapshot.interferences = {{InterferenceKind::port, "port 853 is blocked"}};
  const Reading reading(prometheus_text(snapshot, {}));
  CHECK(reading.value("tacet_path_interference", {{"kind", "port"}}) == 1);
  CHECK(reading.value("tacet_path_interference", {{"kind", "tls"}}) == 0);
}

TEST_CASE("open connections are told by the way that they take") {
  ChannelReport direct = channel("tls://192.0.2.1", 10ms), proxied = channel("tls://192.0.2.1#2", 10ms);
  direct.state.facts =
      std::make_shared<const ConnectionFacts>(ConnectionFacts{.interface = "eth0", .rung = Rung::split_greeting});
  proxied.state.facts =
      std::make_shared<const ConnectionFacts>(ConnectionFacts{.proxy = "http://10.0.0.8:3128", .interface = "wg0"});
  Snapshot snapshot;
  add_channels(snapshot.upstreams, {direct, proxied, proxied});
  const Reading reading(prometheus_text(snapshot, {}));
  CHECK(reading.value("tacet_upstream_path_open_connections", {{"upstream", "tls://192.0.2.1"},
                                                               {"transport", "dot"},
                                                               {"interface", "eth0"},
                                                               {"proxy", ""},
                                                               {"rung", "split-greeting"}}) == 1);
  CHECK(reading.value("tacet_upstream_path_open_connections", {{"upstream", "tls://192.0.2.1"},
                                                               {"transport", "dot"},
                                                               {"interface", "wg0"},
                                                               {"proxy", "http://10.0.0.8:3128"},
                                                               {"rung", "configured"}}) == 2);
}

TEST_CASE("a server of a zone is told from the same one asked for everything else") {
  Snapshot snapshot;
  add_channels(snapshot.upstreams, {channel("tls://192.0.2.1", 10ms)});
  snapshot.zones = {{"lan", true, {}}, {"corp.example", false, {}}};
  add_channels(snapshot.zones[0].upstreams, {channel("192.168.1.1:53", 1ms)});
  add_channels(snapshot.zones[1].upstreams, {channel("tls://192.0.2.1", 1ms)});
  const Reading reading(prometheus_text(snapshot, {}));
  const std::map<std::string, std::string> plain{
      {"upstream", "192.168.1.1:53"}, {"transport", "do53"}, {"zone", "lan"}};
  CHECK(reading.value("tacet_upstream_up", plain) == 1);
  CHECK(reading.value("tacet_upstream_up",
                      {{"upstream", "tls://192.0.2.1"}, {"transport", "dot"}, {"zone", "corp.example"}}) == 1);
  CHECK(reading.number_of("tacet_upstream_up") == 3);
  CHECK(reading.number_of("tacet_upstream_open_connections") == 2);  // plain DNS has none
}

TEST_CASE("exposure is told by state and by address, and no name of a client is") {
  Exposure exposure;
  exposure.add({.name = {"\6secret\7example\0", 16}, .queries = 1, .history = {{EchState::ech, {}, {}}}});
  exposure.add({.name = {"\5other\7example\0", 15}, .queries = 1});
  exposure.add(endpoint("192.0.2.1:443", "dns.example"));
  exposure.add(endpoint("[2001:db8::1]:443", ""));
  const std::string text = prometheus_text({}, ExposureReport{.exposure = exposure});
  CHECK(text.find("secret") == std::string::npos);
  const Reading reading(text);
  CHECK(reading.value("tacet_exposure_names", {{"state", "ech"}}) == 1);
  CHECK(reading.value("tacet_exposure_names", {{"state", "unknown"}}) == 1);
  CHECK(reading.value("tacet_exposure_names", {{"state", "no_ech"}}) == 0);
  CHECK(reading.value("tacet_exposure_names", {{"state", "no_https"}}) == 0);
  CHECK(reading.value("tacet_exposure_domains", {{"state", "ech"}}) == 1);
  CHECK(reading.value("tacet_exposure_domains", {{"state", "unknown"}}) == 1);
  const auto labels = [](const char* address) {
    return std::map<std::string, std::string>{{"upstream", "https://dns.example/dns-query"}, {"address", address}};
  };
  CHECK(reading.value("tacet_exposure_endpoint_sni", labels("192.0.2.1:443")) == 1);
  CHECK(reading.value("tacet_exposure_endpoint_sni", labels("[2001:db8::1]:443")) == 0);
  CHECK(reading.value("tacet_exposure_endpoint_answers_total", labels("192.0.2.1:443")) == 9);
  CHECK(reading.value("tacet_exposure_endpoint_padded_answers_total", labels("192.0.2.1:443")) == 8);
}

TEST_CASE("label values are escaped, whatever they hold") {
  Snapshot snapshot;
  add_channels(snapshot.upstreams, {channel("https://a\"b\\c\nd,e}f", 1ms)});
  const Reading reading(prometheus_text(snapshot, {}));
  CHECK(reading.value("tacet_upstream_up", {{"upstream", "https://a\"b\\c\nd,e}f"}, {"transport", "doh"}}) == 1);
}

}  // namespace tacet
