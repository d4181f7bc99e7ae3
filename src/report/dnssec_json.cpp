#include "report/dnssec_json.hpp"

#include <array>
#include <chrono>
#include <string>

#include "base/duration.hpp"
#include "config/forms/dnssec_forms.hpp"
#include "config/mode_words.hpp"
#include "dns/name_text.hpp"
#include "dnssec/validity.hpp"

namespace tacet {
namespace {

/// By ZoneState.
constexpr std::array<const char*, 4> state_words{"signed", "delegated", "unsigned", "no_zone"};

Json ds_json(const Ds& ds) {
  return {{"key_tag", ds.key_tag}, {"algorithm", ds.algorithm}, {"digest_type", ds.digest_type}};
}

Json anchor_json(const TrustAnchor& anchor) {
  return {{"zone", name_text(anchor.owner)}, {"key_tag", anchor.ds.key_tag}, {"algorithm", anchor.ds.algorithm}};
}

Json step_json(const ChainStep& step, WallTime now) {
  const bool ends = !step.configured && step.ends != WallTime::max();
  return {{"zone", name_text(step.zone)},
          {"state", state_words[static_cast<std::size_t>(step.state)]},
          {"configured", step.configured},
          {"ends_in_seconds", ends ? Json(seconds(step.ends - now)) : Json(nullptr)},
          {"ds", array_of(step.ds, ds_json)},
          {"key_tags", array_of(step.key_tags, [](std::uint16_t tag) { return Json(tag); })},
          {"why", step.why ? Json(step.why->text) : Json(nullptr)}};
}

}  // namespace

std::string_view to_string(SecurityStatus status) {
  constexpr std::array<std::string_view, 4> words{"indeterminate", "secure", "insecure", "bogus"};
  return words[static_cast<std::size_t>(status)];
}

Json dnssec_json(const DnssecReport& report) {
  Json zones = Json::object();
  for (std::size_t state = 0; state < state_words.size(); ++state) zones.add(state_words[state], report.zones[state]);
  const auto file_json = [&](const AnchorFile& file) {
    return Json{{"path", file.path}, {"age_seconds", seconds(report.now - file.modified)}};
  };
  const auto ignored_json = [&](const IgnoredZone& zone) {
    return Json{{"zone", zone.zone},
                {"until", day_text(zone.until)},
                {"lapsed", report.now >= zone.until + std::chrono::days(1)}};
  };
  return {{"mode", to_string(report.rules->mode)},
          {"clock_is_set", clock_is_set(report.now)},
          {"zones", zones},
          {"anchors", array_of(report.rules->anchors, anchor_json)},
          {"anchor_files", array_of(report.rules->files, file_json)},
          {"ignored", array_of(report.ignored, ignored_json)}};
}

Json chain_json(const std::vector<ChainStep>& chain, WallTime now) {
  return array_of(chain, [now](const ChainStep& step) { return step_json(step, now); });
}

}  // namespace tacet
