#pragma once
#include <cstdint>

namespace tacet {

/// What a set of NSEC or NSEC3 records proves about a name.
enum class DenialProof : std::uint8_t {
  none,      ///< nothing
  secure,    ///< what is denied does not exist
  insecure,  ///< an unsigned delegation can hide there (opt-out), or the zone counts as unsigned (iterations)
};

/// What a denial of DS records proves about a delegation.
enum class CutProof : std::uint8_t {
  none,      ///< nothing
  no_cut,    ///< no zone begins at the name
  insecure,  ///< an unsigned zone begins there, or can
};

}  // namespace tacet
