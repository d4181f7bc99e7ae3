#pragma once
#include <vector>

#include "doctor/finding.hpp"
#include "doctor/path_evidence.hpp"

namespace tacet {

/// Whether the answers of each server arrive as their owners made them: `path.forged`, `path.ech`, `path.edns` and
/// `path.tcp53`, one finding for each server.
std::vector<Finding> judge_answers(const PathEvidence& evidence);

}  // namespace tacet
