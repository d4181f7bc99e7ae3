#pragma once
#include <cstddef>
#include <vector>

#include "privacy/exposure_report.hpp"

namespace tacet {

/// The exposure in numbers, without the name of any site. It is small, unlike the report that it comes from.
struct ExposureOverview {
  ExposureMode mode = ExposureMode::off;
  StateCounts names;                        ///< names by state
  StateCounts domains;                      ///< registrable domains, by the worst state known of their names
  EchClients offers;                        ///< names that offer ECH, by how clients asked for them
  std::vector<EndpointExposure> endpoints;  ///< of upstreams

  ExposureOverview() = default;
  /// Implicit, for callers that have a whole report.
  ExposureOverview(const ExposureReport& report);

  /// How many connections showed the name of the upstream's server in clear (SNI).
  std::size_t names_shown() const;
};

/// The sum over all states.
std::uint64_t sum_of(const StateCounts& counts);

}  // namespace tacet
