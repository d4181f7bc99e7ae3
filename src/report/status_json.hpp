#pragma once
#include <string>

#include "report/exposure_overview.hpp"
#include "report/snapshot.hpp"

namespace tacet {

/// A snapshot, and the exposure in numbers, as `tacet status --json` prints them: one JSON object. Units are part of
/// the keys (uptime_seconds, p50_ms); unknown values are null. Keys are only ever added.
std::string status_json(const Snapshot& snapshot, const ExposureOverview& exposure);

}  // namespace tacet
