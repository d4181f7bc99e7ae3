#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "privacy/exposure.hpp"
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

/// What `tacet exposure --explain` shows: all that is known of one name.
struct ExposureExplanation {
  NameExposure name;
  bool asked_now = false;  ///< nothing was known, so a question was asked for this explanation
  Instant now{};
};

}  // namespace tacet
