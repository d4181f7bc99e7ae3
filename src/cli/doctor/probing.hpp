#pragma once
#include <vector>

#include "cli/doctor/path_times.hpp"
#include "doctor/path_checks.hpp"
#include "doctor/upstream_checks.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// What `tacet doctor` is going to ask.
struct ProbePlan {
  std::vector<ClearQuery> clear;     ///< in clear
  std::vector<Question> references;  ///< encrypted, of the configured upstreams
  std::vector<ReachTry> tries;       ///< encrypted, each over a connection of its own
  bool compare_roots = false;        ///< repeats the tries with Mozilla's roots alone
  bool traces = false;               ///< asks each DoH server's address for /cdn-cgi/trace
};

/// The tries for each upstream of the configuration: over each of its addresses, and without SNI where the greeting
/// has a name.
std::vector<ReachTry> plan_tries(const Config& config);

/// What came back.
struct ProbeResult {
  PathEvidence path;
  UpstreamEvidence upstreams;
};

/// Asks everything at once and waits until all is answered or given up, ten seconds at most. Fault::invalid_config for
/// an unusable bundle of authorities.
Result<ProbeResult> probe(const ProbePlan& plan, const Config& config);

/// Asks the same question `times` times over each way, one after the other on each and all ways beside each other.
/// Faults as probe().
Result<std::vector<PathTimes>> measure_paths(const Config& config, std::size_t times);

}  // namespace tacet
