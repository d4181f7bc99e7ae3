#pragma once
#include <vector>

#include "doctor/finding.hpp"
#include "doctor/path_evidence.hpp"

namespace tacet {

/// One finding or more for each check `path.*`: whether the network answers in the place of servers, forges, rewrites
/// or strips answers, or lets plain DNS through at all.
std::vector<Finding> judge_path(const PathEvidence& evidence);

}  // namespace tacet
