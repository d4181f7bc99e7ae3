#include "report/page/page.hpp"

#include <fmt/format.h>

#include <utility>

#include "report/json.hpp"
#include "report/page/html.hpp"
#include "report/page/page_sections.hpp"
#include "report/page/page_text.hpp"

namespace tacet {
namespace {

using Part = std::string (*)(const PageView&);

std::string version_part(const PageView&) { return html_text(TACET_VERSION); }

std::string uptime_part(const PageView& view) {
  const double seconds = std::chrono::duration<double>(view.snapshot.uptime).count();
  return fresh("uptime_seconds", "time", duration_words(seconds));
}

constexpr std::pair<std::string_view, Part> parts[] = {
    {"version", version_part},          {"uptime", uptime_part},      {"summary", summary_section},
    {"names", names_section},           {"figures", figures_section}, {"hours", hours_section},
    {"upstreams", upstreams_section},   {"zones", zones_section},     {"exposure", exposure_section},
    {"validation", validation_section}, {"times", times_section},     {"machine", machine_section},
};

Part part_named(std::string_view name) {
  for (const auto& [known, part] : parts)
    if (known == name) return part;
  return [](const PageView&) { return std::string(); };
}

}  // namespace

std::string page_html(const PageView& view) {
  constexpr std::string_view begin = "<!--#", end = "-->";
  std::string out;
  std::string_view rest = page_text();
  for (auto mark = rest.find(begin); mark != std::string_view::npos; mark = rest.find(begin)) {
    out += rest.substr(0, mark);
    rest.remove_prefix(mark + begin.size());
    const auto size = rest.find(end);
    out += part_named(rest.substr(0, size))(view);
    rest.remove_prefix(size + end.size());
  }
  return out.append(rest);
}

std::string page_fields() {
  return fmt::format(
      "Content-Security-Policy: default-src 'none'; style-src '{}'; script-src '{}'; connect-src 'self'; img-src "
      "data:; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
      "X-Frame-Options: DENY\r\n"
      "X-Content-Type-Options: nosniff\r\n"
      "Referrer-Policy: no-referrer\r\n"
      "Cross-Origin-Resource-Policy: same-origin\r\n"
      "Cross-Origin-Opener-Policy: same-origin\r\n"
      "Cache-Control: no-store\r\n",
      page_style_hash(), page_script_hash());
}

std::string history_json(const std::vector<HistoryMinute>& minutes, Instant now) {
  Json rows = Json::array();
  const auto milliseconds = [](float seconds) { return fmt::format("{:.3g}", static_cast<double>(seconds) * 1000); };
  for (const HistoryMinute& each : minutes) {
    Json row = Json::array();
    row.push_back(std::chrono::duration_cast<std::chrono::seconds>(now - each.end).count());
    row.push_back(static_cast<double>(each.seconds));
    for (const std::uint32_t count : {each.policy, each.cache, each.stale, each.upstream, each.failure})
      row.push_back(count);
    for (const float time : {each.waited_p50, each.waited_p95, each.waited_p99})
      row.push_back(std::stod(milliseconds(time)));
    rows.push_back(row);
  }
  Json json{
      {"columns", std::vector<std::string_view>{"age_seconds", "length_seconds", "policy", "cache", "stale", "upstream",
                                                "failure", "waited_p50_ms", "waited_p95_ms", "waited_p99_ms"}}};
  json.add("minutes", rows);
  return json.dump();
}

}  // namespace tacet
