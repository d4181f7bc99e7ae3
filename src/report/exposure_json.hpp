#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "privacy/exposure.hpp"
#include "report/json.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// What `tacet exposure` shows, taken from all workers at nearly one moment.
struct ExposureReport {
  ExposureMode mode = ExposureMode::off;
  bool ech_in_build = false;            ///< whether this build could encrypt our own ClientHello
  std::uint64_t plaintext_lookups = 0;  ///< bootstrap look-ups made in the clear
  Exposure exposure;
  Instant now{};
  std::vector<std::string> zones_in_clear = {};  ///< zones of the local network whose names are sent unencrypted
};

/// A report as `tacet exposure --json` prints it: one JSON object. Times are ages, their units part of the keys; what
/// is not known is null. Keys are only ever added.
std::string exposure_json(const ExposureReport& report);

/// The report in a few numbers, for `tacet status`: no name is in it.
Json exposure_summary(const ExposureReport& report);

/// What `tacet exposure --explain` shows: all that is known of one name.
struct ExposureExplanation {
  NameExposure name;
  bool asked_now = false;  ///< nothing was known, so a question was asked for this explanation
  Instant now{};
};
/// As one JSON object. "record" is the RDATA of the HTTPS record in hexadecimal, for the reader to put into words.
std::string exposure_explanation_json(const ExposureExplanation& explanation);

}  // namespace tacet
