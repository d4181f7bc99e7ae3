#pragma once
#include <string>
#include <vector>

#include "doctor/upstream_checks.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// The times of one way to one upstream.
struct PathTimes {
  ReachTry way;                       ///< the first try, with the site
  std::vector<Duration> round_trips;  ///< of the questions that were answered, in rising order
  std::size_t asked = 0;
};

/// A table for people: a line for each way, the fastest first; those without an answer last, with the reason.
std::string path_times_text(std::vector<PathTimes> times);
/// The same for programs: a list of objects.
std::string path_times_json(const std::vector<PathTimes>& times);

}  // namespace tacet
