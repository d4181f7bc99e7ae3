#pragma once
#include <string>

#include "privacy/exposure_report.hpp"
#include "report/exposure_overview.hpp"
#include "report/json.hpp"

namespace tacet {

/// A report as `tacet exposure --json` prints it: one JSON object. Times are ages, their units part of the keys;
/// unknown values are null. Keys are only ever added.
std::string exposure_json(const ExposureReport& report);

/// The exposure in a few numbers, without any name, for `tacet status`.
Json exposure_summary(const ExposureOverview& exposure);

/// An explanation as `tacet exposure --explain --json` prints it: one JSON object. "record" is the RDATA of the HTTPS
/// record in hexadecimal.
std::string exposure_explanation_json(const ExposureExplanation& explanation);

}  // namespace tacet
