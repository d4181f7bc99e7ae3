#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "config/value.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

inline constexpr std::string_view trust_anchors_allowed =
    R"(a list of DS records such as ["corp.example. DS 12345 13 2 0123…"] or absolute paths of files, none twice)";

/// A DS record in presentation form, with or without a TTL and a class, or the absolute path of a file that may be
/// read. A record comes back in one spelling: "corp.example. DS 12345 13 2 0123ABCD…". Fault::invalid_config: what is
/// wrong and what is allowed.
Result<std::string> parse_trust_anchor(std::string_view text);

/// "2027-01-31" as a day. Fault::invalid_config for anything else, and for a day that no calendar has.
Result<std::chrono::sys_days> parse_day(std::string_view text);
/// "2027-01-31".
std::string day_text(std::chrono::sys_days day);

/// A list of zones that are not validated; each is a mapping.
struct IgnoreForm {
  std::string allowed() const { return "a list of mappings such as {zone: corp.example, until: 2027-01-31}"; }
  void read(const Value& value, std::vector<IgnoredZone>& out) const;
  std::string text(const std::vector<IgnoredZone>& zones) const;
};

/// Remarks on zones whose last day has passed: they are validated again.
std::vector<std::string> lapsed_remarks(const DnssecConfig& config, std::chrono::sys_days today);

}  // namespace tacet
