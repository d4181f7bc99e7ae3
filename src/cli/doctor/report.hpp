#pragma once
#include <string>
#include <vector>

#include "doctor/clear_asker.hpp"
#include "doctor/finding.hpp"
#include "doctor/path_checks.hpp"

namespace tacet {

/// How the report is written.
struct ReportStyle {
  bool colours = false;
  bool all = false;     ///< with the checks that found nothing wrong
  bool redact = false;  ///< without addresses and host names, so that it can be handed on
};

/// The findings for people: the worst first; one sentence if there is nothing to do.
std::string report_text(const std::vector<Finding>& findings, const ReportStyle& style);

/// The findings and the queries that were sent in clear, with their octets, as JSON.
std::string report_json(const std::vector<Finding>& findings, const std::vector<ClearSeen>& clear, bool redact);

/// The list of `--dry-run`: every query in clear before repetitions, then what is asked encrypted.
std::string rehearsal_text(const std::vector<ClearQuery>& clear, std::size_t encrypted);

}  // namespace tacet
