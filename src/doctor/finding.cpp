#include "doctor/finding.hpp"

#include <algorithm>
#include <array>

namespace tacet {

std::string_view to_string(Severity severity) {
  static constexpr std::array<std::string_view, 5> words{"ok", "note", "warning", "failure", "unknown"};
  return words[static_cast<std::size_t>(severity)];
}

int exit_status(const std::vector<Finding>& findings) {
  const auto has = [&](Severity severity) {
    return std::ranges::any_of(findings, [&](const Finding& finding) { return finding.severity == severity; });
  };
  if (has(Severity::failure)) return 2;
  return has(Severity::warning) ? 1 : 0;
}

}  // namespace tacet
