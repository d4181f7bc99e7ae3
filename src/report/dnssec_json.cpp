#include "report/dnssec_json.hpp"

#include <array>
#include <chrono>
#include <string>

#include "base/duration.hpp"
#include "config/forms/dnssec_forms.hpp"
#include "dns/name_text.hpp"
#include "dnssec/validity.hpp"

namespace tacet {
namespace {

const char* word(DnssecMode mode) {
  switch (mode) {
    case DnssecMode::off:
      return "off";
    case DnssecMode::log:
      return "log";
    case DnssecMode::on:
      break;
  }
  return "on";
}

/// By ZoneState.
constexpr std::array<const char*, 4> state_words{"signed", "delegated", "unsigned", "no_zone"};

Json ds_json(const Ds& ds) {
  return {{"key_tag", ds.key_tag}, {"algorithm", ds.algorithm}, {"digest_type", ds.digest_type}};
}

Json anchor_json(const TrustAnchor& anchor) {
  return {{"zone", name_text(anchor.owner)}, {"key_tag", anchor.ds.key_tag}, {"algorithm", anchor.ds.algorithm}};
}

Json step_json(const ChainStep& step, WallTime now) {
  Json ds = Json::array(), keys = Json::array();
  for (const Ds& each : step.ds) ds.push_back(ds_json(each));
  for (const std::uint16_t tag : step.key_tags) keys.push_back(tag);
  const bool ends = !step.configured && step.ends != WallTime::max();
  return {{"zone", name_text(step.zone)},
          {"state", state_words[static_cast<std::size_t>(step.state)]},
          {"configured", step.configured},
          {"ends_in_seconds", ends ? Json(seconds(step.ends - now)) : Json(nullptr)},
          {"ds", ds},
          {"key_tags", keys},
          {"why", step.why ? Json(step.why->text) : Json(nullptr)}};
}

}  // namespace

std::string_view to_string(SecurityStatus status) {
  switch (status) {
    case SecurityStatus::secure:
      return "secure";
    case SecurityStatus::insecure:
      return "insecure";
    case SecurityStatus::bogus:
      return "bogus";
    case SecurityStatus::indeterminate:
      break;
  }
  return "indeterminate";
}

Json dnssec_json(const DnssecReport& report) {
  Json zones = Json::object(), anchors = Json::array(), files = Json::array(), ignored = Json::array();
  for (std::size_t state = 0; state < state_words.size(); ++state) zones.add(state_words[state], report.zones[state]);
  for (const TrustAnchor& anchor : report.rules->anchors) anchors.push_back(anchor_json(anchor));
  for (const AnchorFile& file : report.rules->files)
    files.push_back({{"path", file.path}, {"age_seconds", seconds(report.now - file.modified)}});
  for (const IgnoredZone& zone : report.ignored)
    ignored.push_back({{"zone", zone.zone},
                       {"until", day_text(zone.until)},
                       {"lapsed", report.now >= zone.until + std::chrono::days(1)}});
  return {{"mode", word(report.rules->mode)},
          {"clock_is_set", clock_is_set(report.now)},
          {"zones", zones},
          {"anchors", anchors},
          {"anchor_files", files},
          {"ignored", ignored}};
}

Json chain_json(const std::vector<ChainStep>& chain, WallTime now) {
  Json json = Json::array();
  for (const ChainStep& step : chain) json.push_back(step_json(step, now));
  return json;
}

}  // namespace tacet
