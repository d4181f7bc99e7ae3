#include "report/exposure_json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "config/mode_words.hpp"
#include "dns/name_text.hpp"
#include "privacy/browser_servers.hpp"
#include "report/path_json.hpp"

namespace tacet {
namespace {

/// A name in wire form as text; null if there is none.
Json known_name(const std::string& wire) { return wire.empty() ? Json(nullptr) : Json(name_text(bytes_of(wire))); }

Json connection(const EndpointExposure& endpoint, const ExposureReport& report) {
  const ConnectionFacts& facts = *endpoint.facts;
  const bool by_address = facts.verified.find_first_not_of("0123456789.") == std::string::npos ||
                          facts.verified.find(':') != std::string::npos;
  return {{"upstream", endpoint.upstream},
          {"transport", to_string(facts.transport)},
          {"address", facts.address},
          {"path", path_json(&facts)},
          {"sni", known(facts.sni)},
          {"ech", report.ech_in_build ? "not offered" : "not in this build"},
          {"tls_version", known(facts.tls_version)},
          {"key_exchange", known(facts.key_exchange)},
          {"resumed", facts.resumed},
          {"certificate_checked_for", known(facts.verified)},
          {"certificate_checked_by", facts.verified.empty() ? Json(nullptr) : Json(by_address ? "address" : "name")},
          {"connections", endpoint.connections},
          {"resumptions", endpoint.resumptions},
          {"queries_padded", true},
          {"answers", endpoint.answers},
          {"answers_padded", endpoint.padded},
          {"last_use_seconds", seconds(report.now - endpoint.last_use)}};
}

Json states(const StateCounts& counts) {
  Json json = Json::object();
  for (std::size_t state = 0; state < ech_state_count; ++state)
    json.add(to_string(static_cast<EchState>(state)), counts.names[state]);
  return json;
}

Json evidence_age(const NameExposure& name, Instant now) {
  return name.history.empty() ? Json(nullptr) : Json(seconds(now - name.history.back().last));
}

Json name_json(const NameExposure& name, Instant now) {
  return {{"name", known_name(name.name)},
          {"state", to_string(name.state())},
          {"public_name", known(name.public_name)},
          {"alias_of", known_name(name.alias)},
          {"queries", name.queries},
          {"queries_over_https", name.over_https},
          {"key_asked_over_https", name.key_over_https},
          {"last_query_seconds", name.queries == 0 ? Json(nullptr) : Json(seconds(now - name.last_query))},
          {"evidence_seconds", evidence_age(name, now)}};
}

Json domain_json(const DomainExposure& domain, Instant now) {
  return {{"domain", domain.domain},
          {"queries", domain.queries},
          {"states", states(domain.states)},
          {"names", array_of(domain.names, [now](const NameExposure* name) { return name_json(*name, now); })}};
}

Json connections(const ExposureReport& report) {
  return array_of(report.exposure.endpoints, [&](const EndpointExposure& each) { return connection(each, report); });
}

Json sighting_json(const Sighting& sighting, Instant now) {
  return {{"state", to_string(sighting.state)},
          {"first_seconds", seconds(now - sighting.first)},
          {"last_seconds", seconds(now - sighting.last)}};
}

Json offers(const EchClients& clients) {
  return {{"asked_only_for_ech", clients.only_for_ech}, {"asked_otherwise", clients.others}};
}

/// The browsers whose own secure DNS goes past us, as far as they looked its server up here.
Json going_past(const Exposure& exposure, Instant now) {
  Json json = Json::array();
  for (const auto& [wire, name] : exposure.names) {
    const auto browsers = browsers_of_server(wire);
    if (browsers.empty()) continue;
    json.push_back({{"browsers", browsers},
                    {"server", known_name(wire)},
                    {"queries", name.queries},
                    {"last_query_seconds", seconds(now - name.last_query)}});
  }
  return json;
}

}  // namespace

std::string exposure_json(const ExposureReport& report) {
  const Exposure& exposure = report.exposure;
  StateCounts sum;
  Json domains = Json::array();
  for (const DomainExposure& domain : by_domain(exposure)) {
    for (std::size_t state = 0; state < ech_state_count; ++state) sum.names[state] += domain.states.names[state];
    domains.push_back(domain_json(domain, report.now));
  }
  Json json{{"mode", to_string(report.mode)},
            {"plaintext_lookups", report.plaintext_lookups},
            {"zones_in_clear", report.zones_in_clear},
            {"connections", connections(report)},
            {"names", exposure.names.size()},
            {"states", states(sum)},
            {"offer_ech", offers(ech_clients(exposure))},
            {"going_past", going_past(exposure, report.now)},
            {"forgotten", exposure.forgotten},
            {"malformed", exposure.malformed},
            {"own_questions", exposure.questions},
            {"domains", std::move(domains)}};
  return json.dump();
}

Json exposure_summary(const ExposureOverview& exposure) {
  return {{"mode", to_string(exposure.mode)},
          {"names", sum_of(exposure.names)},
          {"states", states(exposure.names)},
          {"domains", states(exposure.domains)},
          {"offer_ech", offers(exposure.offers)},
          {"connections", exposure.endpoints.size()},
          {"connections_with_sni_in_clear", exposure.names_shown()}};
}

std::string exposure_explanation_json(const ExposureExplanation& explanation) {
  const NameExposure& name = explanation.name;
  Json json = name_json(name, explanation.now);
  json.add("domain", domain_of(name.name));
  json.add("asked_now", explanation.asked_now);
  const bool evidence = !name.history.empty();
  json.add("asked_by", evidence ? Json(name.origin == EvidenceOrigin::client ? "client" : "tacet") : Json(nullptr));
  json.add("answered_by", evidence ? known(name.upstream) : Json(nullptr));
  json.add("owner", known_name(name.owner));
  json.add("record", name.rdata.empty() ? Json(nullptr) : Json(fmt::format("{:02x}", fmt::join(name.rdata, ""))));
  json.add("record_octets", name.rdata_size);
  json.add("history",
           array_of(name.history, [now = explanation.now](const Sighting& each) { return sighting_json(each, now); }));
  return json.dump();
}

}  // namespace tacet
