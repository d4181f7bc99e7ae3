#include "privacy/exposure_log.hpp"

#include <numeric>
#include <string_view>

#include "base/log.hpp"

namespace tacet {
namespace {

/// With so many answers without padding, the upstream does not pad.
constexpr std::uint64_t enough_answers = 20;
/// Subjects that were logged. When the table is full, it is cleared, and subjects may be logged again.
constexpr std::size_t most_said = 8192;

std::string without_usual_port(const ConnectionFacts& facts) {
  const std::string_view usual = facts.transport == Transport::doh ? ":443" : ":853";
  return facts.address.substr(0, facts.address.size() - (facts.address.ends_with(usual) ? usual.size() : 0));
}

/// The address alone, in the form of a configuration.
std::string host_of(const ConnectionFacts& facts) {
  const std::string host = facts.address.substr(0, facts.address.rfind(':'));
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

std::string_view scheme_of(Transport transport) {
  if (transport == Transport::doq) return "quic://";
  return transport == Transport::dot ? "tls://" : "https://";
}

void tell_of_sni(const UpstreamConfig& upstream, const ConnectionFacts& facts) {
  if (shows_certificate(facts) && facts.sni.empty())
    return log::warn(
        "upstream {}: no name is sent in the TLS handshake (no SNI), but the connection uses TLS 1.2, in which the "
        "certificate of the server comes in clear from {}: everyone on the path can read the names in it. Only the "
        "server can change that; "
        "another upstream may speak TLS 1.3",
        upstream.url, facts.address);
  if (facts.sni.empty()) {
    log::info(
        "upstream {}: no name is sent in the TLS handshake (no SNI); observers of the traffic see only the address {}",
        upstream.url, facts.address);
    return;
  }
  if (facts.address.starts_with(upstream.host + ':'))  // a proxy looks it up
    return log::warn(
        "upstream {}: its name {} is sent in clear (SNI, without ECH): the proxy and everyone on the path behind it "
        "can "
        "read which resolver you use. To send no name, set sni: omit",
        upstream.url, facts.sni);
  log::warn(
      "upstream {}: its name {} is sent in clear (SNI, without ECH) to {}: everyone on the path can read which "
      "resolver you use. To send no name, address the upstream by IP ({}{}{}) if its certificate is valid for that, or "
      "set sni: omit",
      upstream.url, facts.sni, facts.address, scheme_of(facts.transport), without_usual_port(facts),
      facts.transport == Transport::doh ? upstream.path : "");
}

void tell_of_proxy(const UpstreamConfig& upstream, const ConnectionFacts& facts) {
  const bool is_local = upstream.proxy.address.address.is_loopback();
  log::info(
      "upstream {}: its connections go through the proxy {}{}: the proxy sees {}, sizes and times, and no names that "
      "you "
      "ask for; the network sees {}",
      upstream.url, facts.proxy, is_local ? " on this machine" : "", facts.address,
      is_local ? "the proxy's own connections" : "the proxy's address");
  if (!is_local && !upstream.proxy.user.empty())
    log::warn(
        "upstream {}: the user name and password for the proxy {} travel in clear: everyone on the path to it can read "
        "them",
        upstream.url, facts.proxy);
}

}  // namespace

void ExposureLog::established(const UpstreamConfig& upstream, const ConnectionFacts& facts, Instant now) {
  if (due(upstream.url, facts.sni + ' ' + facts.tls_version, now)) tell_of_sni(upstream, facts);
  if (!facts.proxy.empty() && due(upstream.url, "proxy " + facts.proxy, now)) tell_of_proxy(upstream, facts);
  const bool looked_up = upstream.addresses.empty() && !upstream.host_is_address && facts.proxy.empty();
  if (looked_up && due(upstream.url, "plaintext look-up", now))
    log::warn(
        "upstream {}: {} was looked up in plaintext at a bootstrap server: everyone on the path can read that name. To "
        "look nothing up, give the upstream's addresses: [\"{}\"]",
        upstream.url, upstream.host, host_of(facts));
}

bool ExposureLog::due(const std::string& subject, const std::string& kind, Instant now) {
  const std::lock_guard lock(mutex_);
  if (said_.size() >= most_said) said_.clear();
  const auto [said, first] = said_.try_emplace({subject, kind}, now);
  if (!first && now - said->second < repeated) return false;
  said->second = now;
  return true;
}

bool ExposureLog::summary_due(Instant now) {
  if (now - last_summary_ < summary_period) return false;
  summarised_since_ = last_summary_;
  last_summary_ = now;
  return true;
}

void ExposureLog::summarise(const Exposure& exposure, Instant now) {
  StateCounts sum;
  for (const DomainExposure& domain : by_domain(exposure, summarised_since_)) {
    for (std::size_t state = 0; state < ech_state_count; ++state) sum.names[state] += domain.states.names[state];
    if (config_.log_names && due(domain.domain, "domain", now))
      log::info("exposure of {}: {}", domain.domain, summary_of(domain.states));
  }
  if (const std::string words = summary_of(sum); !words.empty()) log::info("exposure, last hour: {}", words);
  for (const EndpointExposure& endpoint : exposure.endpoints) warn_of_sizes(endpoint, now);
}

void ExposureLog::warn_of_sizes(const EndpointExposure& endpoint, Instant now) {
  if (endpoint.padded > 0 || endpoint.answers < enough_answers || !due(endpoint.upstream, "no padding", now)) return;
  log::warn(
      "upstream {}: none of {} answers was padded: they are encrypted, but their sizes say something about your "
      "questions. Only the server can change that; another upstream may pad",
      endpoint.upstream, endpoint.answers);
}

std::string summary_of(const StateCounts& states) {
  const std::uint64_t all = std::accumulate(states.names.begin(), states.names.end(), std::uint64_t{0});
  if (all == 0) return {};
  const std::uint64_t shown = states[EchState::no_ech] + states[EchState::no_https];
  return fmt::format(
      "{} name{}; {} offer ECH (whether it is used cannot be seen), {} do not: connecting to them by TLS shows the "
      "name "
      "to every observer of the traffic; {} not known",
      all, all == 1 ? "" : "s", states[EchState::ech], shown, states[EchState::unknown]);
}

}  // namespace tacet
