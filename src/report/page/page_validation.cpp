#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <vector>

#include "config/forms/dnssec_forms.hpp"
#include "dns/name_text.hpp"
#include "dnssec/validity.hpp"
#include "report/counter_table.hpp"
#include "report/page/html.hpp"
#include "report/page/page_sections.hpp"

namespace tacet {
namespace {

/// What the mode does for a program that asks.
std::string_view words_for(DnssecMode mode) {
  switch (mode) {
    case DnssecMode::off:
      return "Off: tacet looks at no signature and trusts what its upstreams answer.";
    case DnssecMode::log:
      return "Watching only: a program gets each answer as it came. tacet checks signed answers afterwards and counts "
             "the results.";
    case DnssecMode::on:
      break;
  }
  return "On: a program gets an answer only if its signatures lead to a trust anchor, or if its zone is proven to be "
         "unsigned.";
}

/// A counter of the table, as a number that stays fresh; `path` leads to its section in status_json().
std::string counted(const Snapshot& snapshot, const Counter& counter, std::string_view path) {
  return fresh(fmt::format("{}.{}", path, counter.key), "n", count_words(counter.read(snapshot)));
}

std::string counted(const Snapshot& snapshot, std::string_view key) {
  const auto found = std::ranges::find_if(
      counters(), [&](const Counter& counter) { return counter.section == "dnssec" && counter.key == key; });
  return counted(snapshot, *found, "dnssec");
}

std::string verdict_words(const Snapshot& snapshot) {
  return fmt::format("{} proven, {} of unsigned zones, {} bogus, {} that nobody could judge",
                     counted(snapshot, "secure"), counted(snapshot, "insecure"), counted(snapshot, "bogus"),
                     counted(snapshot, "indeterminate"));
}

/// The reasons that occurred; empty without any.
std::string reason_words(const Snapshot& snapshot) {
  std::vector<std::string> reasons;
  for (const Counter& counter : counters()) {
    if (counter.section != "dnssec_bogus" || counter.read(snapshot) == 0) continue;
    std::string words(counter.key);
    std::ranges::replace(words, '_', ' ');
    reasons.push_back(fmt::format("{} {}", counted(snapshot, counter, "dnssec.bogus_reasons"), words));
  }
  return fmt::format("{}", fmt::join(reasons, ", "));
}

std::string zone_words(const DnssecReport& report) {
  const auto count = [&](ZoneState state, std::string_view key) {
    return fresh(fmt::format("dnssec.zones.{}", key), "n", count_words(report.zones[static_cast<std::size_t>(state)]));
  };
  return fmt::format("{} signed with proven keys, {} signed whose keys nobody needed yet, {} unsigned",
                     count(ZoneState::keyed, "signed"), count(ZoneState::delegated, "delegated"),
                     count(ZoneState::insecure, "unsigned"));
}

/// "the root: 20326, 38696; corp.example: 12345", and the files that they come from.
std::string anchor_words(const DnssecReport& report) {
  std::map<std::string, std::vector<std::uint16_t>> tags;
  for (const TrustAnchor& anchor : report.rules->anchors) tags[name_text(anchor.owner)].push_back(anchor.ds.key_tag);
  std::vector<std::string> zones;
  for (const auto& [zone, keys] : tags)
    zones.push_back(fmt::format("{}: {}", zone == "." ? "the root" : html_text(zone), fmt::join(keys, ", ")));
  std::string words = fmt::format("{}", fmt::join(zones, "; "));
  for (const AnchorFile& file : report.rules->files)
    words += fmt::format("<br>from <code>{}</code>, {} old", html_text(file.path),
                         duration_words(std::chrono::duration<double>(report.now - file.modified).count()));
  return words;
}

std::string ignored_words(const DnssecReport& report) {
  std::vector<std::string> zones;
  for (const IgnoredZone& zone : report.ignored) {
    const bool lapsed = report.now >= zone.until + std::chrono::days(1);
    zones.push_back(fmt::format("{} until {}{}", html_text(zone.zone), day_text(zone.until),
                                lapsed ? ", which has passed: it is checked again" : ""));
  }
  return fmt::format("{}", fmt::join(zones, "; "));
}

/// A fact with words; nothing without.
std::string fact(std::string_view name, const std::string& inner) {
  return inner.empty() ? std::string() : fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", name, inner);
}

}  // namespace

std::string validation_section(const PageView& view) {
  const Snapshot& snapshot = view.snapshot;
  const DnssecReport& report = snapshot.dnssec;
  const DnssecMode mode = report.rules->mode;
  std::string out = fmt::format("<p>{}</p>", words_for(mode));
  if (mode == DnssecMode::off) return out;
  if (!clock_is_set(report.now))
    out += "<p><strong>The clock is not set</strong>, so the times of signatures are not checked.</p>";
  return out + "<dl class=\"facts\">" + fact("Answers judged", verdict_words(snapshot)) +
         fact("Bogus because of", reason_words(snapshot)) +
         fact("Repaired", counted(snapshot, "repaired") + " that only another server could prove") +
         fact("Zones known", zone_words(report)) + fact("Trust anchors", anchor_words(report)) +
         fact("Not checked", ignored_words(report)) +
         fact("Own questions", counted(snapshot, "questions") + " that only validation needs") + "</dl>";
}

}  // namespace tacet
