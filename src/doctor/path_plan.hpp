#pragma once
#include <array>
#include <string>
#include <vector>

#include "doctor/canaries.hpp"
#include "doctor/clear_query.hpp"

namespace tacet {

/// What the checks of the path need to know of this machine.
struct PathPlanInput {
  std::vector<SocketAddress> own_resolvers;  ///< that the network announced; may be empty
  std::array<std::string, 2> random_labels;  ///< of letters: for a name that cannot exist, and a top-level domain
};

/// All queries in clear of the checks `path.*`, before repetitions: at most two of the network's own resolvers, and all
/// of the canaries' resolvers, are asked.
std::vector<ClearQuery> plan_path(const Canaries& canaries, const PathPlanInput& input);

/// The questions of a plan whose true answers the encrypted path must show, each once. They have DO set.
std::vector<Question> reference_questions(const std::vector<ClearQuery>& plan);

/// The most queries in clear of one run, repetitions included.
inline constexpr std::size_t most_clear_queries = 60;

}  // namespace tacet
