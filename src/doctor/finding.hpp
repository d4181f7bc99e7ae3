#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tacet {

/// How much a finding of `tacet doctor` matters.
enum class Severity : std::uint8_t {
  ok,       ///< it is as it should be
  note,     ///< worth knowing, nothing to do
  warning,  ///< something is wrong, or protects less than the user may think
  failure,  ///< something lies, reads along, or does not work
  unknown,  ///< could not be found out
};
/// "ok", "note", "warning", "failure", "unknown".
std::string_view to_string(Severity severity);

/// The result of one check, in words for people. Programs use `check` and `severity`.
struct Finding {
  std::string check;  ///< stable: "path.nonserver"
  Severity severity = Severity::unknown;
  std::string asked;   ///< what was asked, of whom, over which path
  std::string seen;    ///< the evidence
  std::string means;   ///< what it means
  std::string remedy;  ///< what to do; empty if there is nothing to do
};

/// 0 if there is nothing to do, 1 if there are warnings, 2 if there are failures. A check without a result counts as
/// neither.
int exit_status(const std::vector<Finding>& findings);

}  // namespace tacet
