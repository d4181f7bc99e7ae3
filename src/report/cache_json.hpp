#pragma once
#include <string>

#include "report/json.hpp"
#include "resolve/cache/cache_report.hpp"

namespace tacet {

/// A report as `tacet cache --json` prints it: one JSON object. Units are part of the keys. Keys are only ever added.
std::string cache_json(const CacheReport& report);
/// One answer of a report.
Json cache_entry_json(const CacheEntry& entry);

}  // namespace tacet
