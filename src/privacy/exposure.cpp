#include "privacy/exposure.hpp"

#include <algorithm>
#include <functional>

#include "base/text.hpp"
#include "dns/name_text.hpp"
#include "privacy/public_suffix.hpp"

namespace tacet {
namespace {

/// Joins the sightings of two workers: in the order of time, with equal neighbours merged.
std::vector<Sighting> merged(std::vector<Sighting> all, const std::vector<Sighting>& more) {
  all.insert(all.end(), more.begin(), more.end());
  std::ranges::stable_sort(all, {}, &Sighting::first);
  std::vector<Sighting> joined;
  for (const Sighting& sighting : all) {
    if (!joined.empty() && joined.back().state == sighting.state)
      joined.back().last = std::max(joined.back().last, sighting.last);
    else
      joined.push_back(sighting);
  }
  return joined;
}

std::string lower_wire(const Name& name) { return lower_case(chars_of(name.wire())); }

}  // namespace

void NameExposure::note(const HttpsEvidence& evidence, const Provenance& provenance) {
  if (evidence.state == EchState::unknown && !evidence.alias) return;
  alias = evidence.alias ? lower_wire(*evidence.alias) : std::string{};
  if (evidence.state == EchState::unknown) return;
  if (state() != evidence.state) history.push_back({evidence.state, provenance.now, provenance.now});
  history.back().last = provenance.now;
  if (history.size() > most_sightings) history.erase(history.begin());
  origin = provenance.origin;
  upstream = provenance.upstream;
  public_name = evidence.public_name;
  owner = lower_wire(evidence.owner);
  rdata_size = evidence.rdata.size();
  rdata = rdata_size <= largest_record ? evidence.rdata : std::vector<std::uint8_t>{};
}

void Exposure::add(const NameExposure& name) {
  const auto [place, first] = names.try_emplace(name.name, name);
  if (first) return;
  NameExposure& known = place->second;
  const bool newer =
      !name.history.empty() && (known.history.empty() || name.history.back().last > known.history.back().last);
  NameExposure sum = newer ? name : known;
  sum.queries = known.queries + name.queries;
  sum.over_https = known.over_https + name.over_https;
  sum.key_over_https = known.key_over_https || name.key_over_https;
  sum.last_query = std::max(known.last_query, name.last_query);
  sum.history = merged(known.history, name.history);
  if (sum.alias.empty()) sum.alias = newer ? known.alias : name.alias;
  known = std::move(sum);
}

void Exposure::follow_aliases() {
  constexpr int most_hops = 8;
  for (auto& [wire, name] : names) {
    if (name.alias.empty()) continue;
    auto target = names.find(name.alias);
    for (int hop = 1; hop < most_hops && target != names.end() && target->second.history.empty(); ++hop)
      target = names.find(target->second.alias);
    if (target == names.end() || target->second.history.empty()) continue;
    NameExposure followed = target->second;
    followed.name = wire;
    followed.queries = name.queries;
    followed.over_https = name.over_https;
    followed.key_over_https = name.key_over_https;
    followed.last_query = name.last_query;
    name = std::move(followed);
  }
}

void Exposure::add(const EndpointExposure& endpoint) {
  const auto known = std::ranges::find_if(endpoints, [&](const EndpointExposure& other) {
    return other.upstream == endpoint.upstream && other.facts->address == endpoint.facts->address;
  });
  if (known == endpoints.end()) return endpoints.push_back(endpoint);
  if (endpoint.last_use > known->last_use) known->facts = endpoint.facts;
  known->connections += endpoint.connections;
  known->resumptions += endpoint.resumptions;
  known->answers += endpoint.answers;
  known->padded += endpoint.padded;
  known->last_use = std::max(known->last_use, endpoint.last_use);
}

void Exposure::add(const FailedQuestion& question) {
  const auto known = std::ranges::find_if(
      failures, [&](const auto& other) { return other.name == question.name && other.type == question.type; });
  if (known == failures.end()) return failures.push_back(question);
  const std::uint64_t times = known->times + question.times;
  if (question.last > known->last) *known = question;
  known->times = times;
}

std::string domain_of(const std::string& wire_name) { return registrable_domain(name_text(bytes_of(wire_name))); }

EchClients ech_clients(const Exposure& exposure) {
  EchClients clients;
  for (const auto& [wire, name] : exposure.names)
    if (name.state() == EchState::ech) ++(name.only_for_ech() ? clients.only_for_ech : clients.others);
  return clients;
}

std::vector<DomainExposure> by_domain(const Exposure& exposure, Instant since) {
  std::map<std::string, DomainExposure> domains;
  for (const auto& [wire, name] : exposure.names) {
    if (name.last_query < since) continue;
    std::string text = domain_of(wire);
    DomainExposure& domain = domains[text];
    domain.domain = std::move(text);
    domain.queries += name.queries;
    ++domain.states[name.state()];
    domain.names.push_back(&name);
  }
  std::vector<DomainExposure> sorted;
  for (auto& [text, domain] : domains) {
    std::ranges::stable_sort(domain.names, std::greater{}, &NameExposure::queries);
    sorted.push_back(std::move(domain));
  }
  std::ranges::stable_sort(sorted, std::greater{}, &DomainExposure::queries);
  return sorted;
}

}  // namespace tacet
