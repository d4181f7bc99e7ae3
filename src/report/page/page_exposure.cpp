#include <fmt/format.h>

#include <array>
#include <utility>

#include "report/page/html.hpp"
#include "report/page/page_sections.hpp"

namespace tacet {
namespace {

struct StateWords {
  EchState state;
  std::string_view kind;  ///< its class
  std::string_view words;
};

constexpr std::array<StateWords, ech_state_count> all_states{{
    {EchState::ech, "ech", "can be hidden: the site offers ECH"},
    {EchState::no_ech, "plain", "visible: an HTTPS record without ECH"},
    {EchState::no_https, "none", "visible: no HTTPS record"},
    {EchState::unknown, "unknown", "unknown: no program has asked yet"},
}};

/// A bar of parts, as wide as their shares. The list below says the same in words.
std::string bar(const StateCounts& counts, std::uint64_t all) {
  std::string parts;
  double left = 0;
  for (const StateWords& each : all_states) {
    const double width = 100 * static_cast<double>(counts[each.state]) / static_cast<double>(all);
    if (width > 0)
      parts += fmt::format(R"(<rect class="{}" x="{:.2f}%" width="{:.2f}%" height="100%"/>)", each.kind, left, width);
    left += width;
  }
  return fmt::format(R"(<svg class="bar" aria-hidden="true">{}</svg>)", parts);
}

std::string list(const StateCounts& counts, std::uint64_t all) {
  std::string items;
  for (const StateWords& each : all_states)
    items += fmt::format(R"(<li><i class="key {}"></i><b>{}</b> <span>{} ({})</span></li>)", each.kind,
                         count_words(counts[each.state]), each.words,
                         share_words(static_cast<double>(counts[each.state]) / static_cast<double>(all)));
  return fmt::format("<ul class=\"legend\">{}</ul>", items);
}

/// How clients asked for the names that offer ECH: only browsers that use it hide a name.
std::string offer_words(const EchClients& offers) {
  if (offers.only_for_ech + offers.others == 0) return {};
  return fmt::format(
      "<p>Of the names that can be hidden, {} came only from browsers that use ECH, over HTTPS. Other programs asked "
      "for {}, and a program without ECH shows the name.</p>",
      fresh("exposure.offer_ech.asked_only_for_ech", "n", count_words(offers.only_for_ech)),
      fresh("exposure.offer_ech.asked_otherwise", "n", count_words(offers.others)));
}

}  // namespace

std::string exposure_section(const PageView& view) {
  const ExposureOverview& exposure = view.exposure;
  if (exposure.mode == ExposureMode::off) return "<p>Off: tacet keeps no names (<code>exposure.mode</code>).</p>";
  const std::uint64_t domains = sum_of(exposure.domains);
  const std::uint64_t names = sum_of(exposure.names);
  if (domains == 0) return "<p>No program has asked for a name yet.</p>";
  return fmt::format(
      "<p>When a program connects to a site, the network can read the site's name unless both use ECH. Of "
      "<b>{}</b> site{} that programs asked for ({} name{}):</p>{}{}{}",
      count_words(domains), domains == 1 ? "" : "s", count_words(names), names == 1 ? "" : "s",
      bar(exposure.domains, domains), list(exposure.domains, domains), offer_words(exposure.offers));
}

}  // namespace tacet
