#include "cli/doctor/report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <regex>

#include "report/json.hpp"

namespace tacet {
namespace {

constexpr std::array<Severity, 5> worst_first{Severity::failure, Severity::warning, Severity::unknown, Severity::note,
                                              Severity::ok};

std::string_view colour(Severity severity) {
  switch (severity) {
    case Severity::ok:
      return "\033[32m";
    case Severity::failure:
      return "\033[31m";
    case Severity::warning:
      return "\033[33m";
    case Severity::note:
    case Severity::unknown:
      break;
  }
  return "\033[2m";
}

std::string coloured(std::string_view text, Severity severity, const ReportStyle& style) {
  return style.colours ? fmt::format("{}{}\033[0m", colour(severity), text) : std::string(text);
}

/// Addresses, and everything that looks like a host name, become a word.
std::string redacted(const std::string& text) {
  static const std::regex address(R"(\[?([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-fA-F]{0,4}(:[0-9a-fA-F]{0,4}){2,7})\]?)");
  static const std::regex name(R"(\b([A-Za-z0-9_-]+\.)+(?!json|conf|service|socket|yaml)[A-Za-z]{2,}\b\.?)");
  return std::regex_replace(std::regex_replace(text, address, "(address)"), name, "(name)");
}

Finding shown(Finding finding, bool redact) {
  if (!redact) return finding;
  for (auto* text : {&finding.asked, &finding.seen, &finding.means, &finding.remedy}) *text = redacted(*text);
  return finding;
}

bool is_shown(Severity severity, const ReportStyle& style) {
  return style.all || severity == Severity::failure || severity == Severity::warning;
}

std::string lines_of(const Finding& finding, const ReportStyle& style) {
  const auto head = fmt::format("{:<8} {}", to_string(finding.severity), finding.check);
  std::string text = coloured(head, finding.severity, style) + '\n';
  text += fmt::format("  asked  {}\n  seen   {}\n  means  {}\n", finding.asked, finding.seen, finding.means);
  if (!finding.remedy.empty()) text += fmt::format("  do     {}\n", finding.remedy);
  return text;
}

std::string summary(const std::vector<Finding>& findings, const ReportStyle& style) {
  const auto count = [&](Severity severity) { return std::ranges::count(findings, severity, &Finding::severity); };
  const auto failures = count(Severity::failure), warnings = count(Severity::warning),
             unknown = count(Severity::unknown);
  const auto unclear = unknown == 0 ? std::string() : fmt::format(" ({} could not be found out)", unknown);
  if (failures + warnings == 0 && count(Severity::ok) == 0)
    return coloured("Nothing could be found out: is there a network?\n", Severity::warning, style);
  if (failures + warnings == 0)
    return coloured(fmt::format("All is well: names go out encrypted, and nothing interferes{}.\n", unclear),
                    Severity::ok, style);
  return coloured(fmt::format("{} failure{}, {} warning{}{}.\n", failures, failures == 1 ? "" : "s", warnings,
                              warnings == 1 ? "" : "s", unclear),
                  failures > 0 ? Severity::failure : Severity::warning, style);
}

Json finding_json(const Finding& finding) {
  return {{"check", finding.check}, {"severity", to_string(finding.severity)},
          {"asked", finding.asked}, {"seen", finding.seen},
          {"means", finding.means}, {"remedy", finding.remedy.empty() ? Json(nullptr) : Json(finding.remedy)}};
}

std::string hex(const std::vector<std::uint8_t>& octets) { return fmt::format("{:02x}", fmt::join(octets, "")); }

Json clear_json(const ClearSeen& seen, bool redact) {
  Json sent = Json::array();
  for (const auto& wire : seen.outcome.sent) sent.push_back(hex(wire));
  return {{"check", seen.query.check},
          {"transport", seen.query.transport == PlainTransport::udp ? "UDP" : "TCP"},
          {"to", redact ? "(address)" : to_string(seen.query.server)},
          {"sent", sent},
          {"answers", seen.outcome.answers.size()}};
}

}  // namespace

std::string report_text(const std::vector<Finding>& findings, const ReportStyle& style) {
  std::string text = summary(findings, style);
  for (const auto severity : worst_first)
    for (const auto& finding : findings)
      if (finding.severity == severity && is_shown(severity, style))
        text += '\n' + lines_of(shown(finding, style.redact), style);
  return text;
}

std::string report_json(const std::vector<Finding>& findings, const std::vector<ClearSeen>& clear, bool redact) {
  Json list = Json::array(), packets = Json::array();
  for (const auto& finding : findings) list.push_back(finding_json(shown(finding, redact)));
  for (const auto& seen : clear) packets.push_back(clear_json(seen, redact));
  const Json all{{"status", exit_status(findings)}, {"findings", list}, {"sent_in_clear", packets}};
  return all.dump() + '\n';
}

std::string rehearsal_text(const std::vector<ClearQuery>& clear, std::size_t encrypted) {
  std::string text = fmt::format(
      "In clear, {} queries, each sent again at most twice if nothing answers, sixty in all at most:\n", clear.size());
  for (const auto& query : clear)
    text += fmt::format("  {:<15} {}\n  {:<15} {}, the first two octets are random\n", query.check, to_string(query),
                        "", hex(wire_of(query, 0)));
  return text +
         fmt::format(
             "Encrypted, over the configured upstreams: {} questions, and those for the keys of the signed names; of "
             "each DoH server its /cdn-cgi/trace.\nWithout content: a connection to another port of each upstream's "
             "address.\n",
             encrypted);
}

}  // namespace tacet
