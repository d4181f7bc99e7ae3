#pragma once
#include <string>

#include "report/exposure_overview.hpp"
#include "report/snapshot.hpp"

namespace tacet {

/// The media type of prometheus_text().
inline constexpr auto prometheus_type = "text/plain; version=0.0.4; charset=utf-8";

/// All counts in Prometheus' text format. Every family has HELP and TYPE, times are in seconds, upstreams are summed
/// over all workers. It has no name that a client asked for. Families are only ever added; a family without samples (no
/// upstream, no round trip yet) is left out.
std::string prometheus_text(const Snapshot& snapshot, const ExposureOverview& exposure);

}  // namespace tacet
