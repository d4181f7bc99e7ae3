#pragma once
#include <string>

#include "serve/snapshot.hpp"

namespace tacet {

/// A snapshot as `tacet status --json` prints it: one JSON object. Units are part of the keys (uptime_seconds, p50_ms);
/// what is not known is null. Keys are only ever added.
std::string status_json(const Snapshot& snapshot);

}  // namespace tacet
