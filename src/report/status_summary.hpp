#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/exposure_overview.hpp"
#include "report/snapshot.hpp"

namespace tacet {

/// How things are, on the whole.
enum class Verdict : std::uint8_t { good, warning, bad };
/// "good", "warning", "bad".
std::string_view to_string(Verdict verdict);

/// The status in a sentence: "Encrypted to cloudflare by DoH; nothing in clear; no warnings".
struct StatusSummary {
  Verdict verdict = Verdict::good;
  std::string sentence;
  std::vector<std::string> warnings;  ///< a sentence each: what to look at
  std::vector<std::string> notes;     ///< a sentence each: what the configuration makes visible to others
};

/// What a snapshot comes to. It has no name that a client asked for.
StatusSummary summarise(const Snapshot& snapshot, const ExposureOverview& exposure);

}  // namespace tacet
