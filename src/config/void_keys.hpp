#pragma once
#include "config/value.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// Reports keys that are written and do nothing, because the key that they serve is missing or says otherwise: such as
/// `rebind.allow` where nothing is said of `rebind.protect`. A switch that is written off is a decision, and its
/// companions may stay; one that was forgotten is a mistake.
void report_void_keys(const Value& root, const Config& config);

/// Reports plain servers, of zones and for bootstrap, that are tacet itself: each query would come back until its time
/// is over.
void report_loops(const Value& root, const Config& config);

}  // namespace tacet
