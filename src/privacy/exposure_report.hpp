#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "privacy/exposure.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// What `tacet exposure` shows, taken from all workers at nearly the same moment.
struct ExposureReport {
  ExposureMode mode = ExposureMode::off;
  bool ech_in_build = false;            ///< whether this build could encrypt our own ClientHello
  std::uint64_t plaintext_lookups = 0;  ///< bootstrap lookups made in the clear
  Exposure exposure;
  Instant now{};
  std::vector<std::string> zones_in_clear = {};  ///< zones of the local network with unencrypted servers
};

/// What `tacet exposure --explain` shows: all knowledge of one name.
struct ExposureExplanation {
  NameExposure name;
  bool asked_now = false;  ///< nothing was known, so this explanation asked a question
  Instant now{};
};

}  // namespace tacet
