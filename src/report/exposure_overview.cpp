#include "report/exposure_overview.hpp"

#include <algorithm>
#include <numeric>

namespace tacet {
namespace {

/// One name that shows itself is enough to show the domain. The enumerators stand in this order, but for `unknown`.
EchState worst_of(const StateCounts& names) {
  for (const EchState state : {EchState::no_https, EchState::no_ech, EchState::ech})
    if (names[state] != 0) return state;
  return EchState::unknown;
}

}  // namespace

ExposureOverview::ExposureOverview(const ExposureReport& report)
    : mode(report.mode),
      offers(ech_clients(report.exposure)),
      endpoints(report.exposure.endpoints) {
  for (const auto& [wire, name] : report.exposure.names) ++names[name.state()];
  for (const DomainExposure& domain : by_domain(report.exposure)) ++domains[worst_of(domain.states)];
}

std::size_t ExposureOverview::names_shown() const {
  const auto shown =
      std::ranges::count_if(endpoints, [](const auto& endpoint) { return !endpoint.facts->sni.empty(); });
  return static_cast<std::size_t>(shown);
}

std::uint64_t sum_of(const StateCounts& counts) {
  return std::accumulate(counts.names.begin(), counts.names.end(), std::uint64_t{0});
}

}  // namespace tacet
