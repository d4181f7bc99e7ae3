#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/duration.hpp"
#include "privacy/exposure_log.hpp"
#include "report/page/html.hpp"
#include "report/page/page_sections.hpp"
#include "report/upstream_report.hpp"

namespace tacet {
namespace {

/// The connection that speaks for an upstream: an open one, else the last one. Null before the first.
const ConnectionFacts* facts_of(const UpstreamReport& upstream) {
  const ConnectionFacts* last = nullptr;
  for (const ChannelReport& channel : upstream.channels) {
    if (channel.state.facts && channel.state.warm) return channel.state.facts.get();
    if (channel.state.facts && last == nullptr) last = channel.state.facts.get();
  }
  return last;
}

std::string state_words(const UpstreamReport& upstream) {
  const auto mark = fmt::format(R"(<span class="mark" data-s="{}">{}</span>)", upstream.good ? "good" : "bad",
                                upstream.good ? "works" : "fails");
  if (upstream.is_plain()) return mark;
  const auto open = upstream.open_connections();
  if (open == 0) return mark + "<small>not connected</small>";
  return mark + fmt::format("<small>{} connection{}</small>", open, open == 1 ? "" : "s");
}

std::string way_words(const UpstreamReport& upstream, const ConnectionFacts* facts) {
  if (upstream.is_plain()) return R"(plain DNS<small><span class="mark" data-s="warning">in clear</span></small>)";
  if (facts == nullptr) return std::string(to_string(upstream.transport()));
  return fmt::format("{} over {}<small>{}{}</small>", to_string(upstream.transport()),
                     facts->address.starts_with('[') ? "IPv6" : "IPv4", html_text(facts->address),
                     facts->rung == Rung::configured ? "" : fmt::format(", on the rung {}", to_string(facts->rung)));
}

/// A name that can break behind its dots.
std::string breakable(std::string_view name) {
  std::string html;
  for (const char each : name) html += each == '.' ? std::string(".<wbr>") : html_text(std::string_view(&each, 1));
  return html;
}

/// The site that answers at the connection's address; empty if its server does not name itself.
std::string site_words(const Snapshot& snapshot, const UpstreamReport& upstream, const ConnectionFacts* facts) {
  const auto site = std::ranges::find_if(snapshot.sites, [&](const ServerSite& each) {
    return facts != nullptr && each.upstream == upstream.id && each.address == facts->address;
  });
  if (site == snapshot.sites.end()) return {};
  return fmt::format("<small>site {}{}</small>", breakable(site->site),
                     site->change ? fmt::format(", before {}", breakable(site->change->before)) : "");
}

std::string tls_words(const ConnectionFacts* facts) {
  if (facts == nullptr || facts->tls_version.empty()) return "–";
  return fmt::format("{}<small>{}{}</small>", html_text(facts->tls_version), html_text(facts->key_exchange),
                     facts->resumed ? ", resumed" : "");
}

std::string sni_words(const UpstreamReport& upstream, const ConnectionFacts* facts) {
  if (upstream.is_plain() || facts == nullptr) return "–";
  if (facts->sni.empty())
    return shows_certificate(*facts) ? "not sent<small>but its certificate is (TLS 1.2)</small>" : "not sent";
  return fmt::format("sent in clear<small>{}</small>", html_text(facts->sni));
}

std::string percentile_cells(const std::string& path, const UpstreamReport& upstream) {
  std::string out;
  for (const UpstreamPercentile& each : upstream_percentiles()) {
    const Duration time = slowest_of(upstream, each);
    const std::string words = time == Duration::zero() ? "–" : milliseconds_words(milliseconds(time));
    out += number_cell(each.key.substr(0, 3), fresh(fmt::format("{}.{}", path, each.key), "ms", words));
  }
  return out;
}

std::string counter_cell(const std::string& path, const UpstreamReport& upstream, std::string_view key) {
  const auto& counter = *std::ranges::find(upstream_counters(), key, &UpstreamCounter::key);
  return number_cell(key == "answers" ? "Answers" : "Failures",
                     fresh(fmt::format("{}.{}", path, key), "n", count_words(sum_of(upstream, counter))));
}

std::string error_words(const UpstreamReport& upstream) {
  const auto failed =
      std::ranges::find_if(upstream.channels, [](const auto& channel) { return !channel.state.last_error.empty(); });
  if (failed == upstream.channels.end()) return {};
  return fmt::format("<small>last error: {}</small>", html_text(failed->state.last_error));
}

/// A row of a table of upstreams; `path` leads to the upstream in status_json(). `heading` is HTML.
std::string row(const Snapshot& snapshot, const std::string& path, const UpstreamReport& upstream,
                const std::string& heading) {
  const ConnectionFacts* const facts = facts_of(upstream);
  return fmt::format(R"(<tr role="row"><th role="rowheader" scope="row">{}{}</th>)", heading, error_words(upstream)) +
         cell("State", state_words(upstream)) +
         cell("Way", way_words(upstream, facts) + site_words(snapshot, upstream, facts)) +
         cell("Encryption", tls_words(facts)) + cell("Server name", sni_words(upstream, facts)) +
         percentile_cells(path, upstream) + counter_cell(path, upstream, "answers") +
         counter_cell(path, upstream, "failures") + "</tr>";
}

constexpr std::string_view head =
    R"(<div class="wide stack" role="region" aria-label="{0}" tabindex="0"><table role="table"><thead role="rowgroup"><tr role="row">)"
    R"(<th role="columnheader" scope="col">{1}</th><th role="columnheader" scope="col">State</th>)"
    R"(<th role="columnheader" scope="col">Way</th><th role="columnheader" scope="col">Encryption</th>)"
    R"(<th role="columnheader" scope="col">Server name</th><th role="columnheader" scope="col" class="num">p50</th>)"
    R"(<th role="columnheader" scope="col" class="num">p95</th><th role="columnheader" scope="col" class="num">p99</th>)"
    R"(<th role="columnheader" scope="col" class="num">Answers</th><th role="columnheader" scope="col" class="num">Failures</th>)"
    R"(</tr></thead><tbody role="rowgroup">{2}</tbody></table></div>)";

}  // namespace

std::string upstreams_section(const PageView& view) {
  std::string rows;
  for (std::size_t i = 0; i < view.snapshot.upstreams.size(); ++i) {
    const UpstreamReport& upstream = view.snapshot.upstreams[i];
    rows +=
        row(view.snapshot, fmt::format("upstreams.{}", i), upstream,
            fmt::format("<code>{}</code><small>{}</small>", html_text(upstream.id), html_text(upstream.operator_name)));
  }
  return fmt::format(head, "Upstreams", "Upstream", rows);
}

std::string zones_section(const PageView& view) {
  std::string rows;
  for (std::size_t i = 0; i < view.snapshot.zones.size(); ++i) {
    const ZoneReport& zone = view.snapshot.zones[i];
    for (std::size_t k = 0; k < zone.upstreams.size(); ++k)
      rows += row(view.snapshot, fmt::format("zones.{}.upstreams.{}", i, k), zone.upstreams[k],
                  fmt::format("<strong>{}</strong><small><code>{}</code></small>", html_text(zone.zone),
                              html_text(zone.upstreams[k].id)));
  }
  if (rows.empty()) return "<p>No zone has servers of its own, so every name that leaves is encrypted.</p>";
  return fmt::format(head, "Zones", "Zone and server", rows);
}

}  // namespace tacet
