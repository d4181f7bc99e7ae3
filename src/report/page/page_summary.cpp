#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/phrase.hpp"
#include "report/page/html.hpp"
#include "report/page/page_sections.hpp"
#include "report/status_summary.hpp"

namespace tacet {
namespace {

std::string_view word_for(Verdict verdict) {
  if (verdict == Verdict::good) return "All is well";
  return verdict == Verdict::warning ? "Worth a look" : "Trouble";
}

std::string list_items(const std::vector<std::string>& texts, std::string_view kind) {
  std::string out;
  for (const std::string& text : texts) out += fmt::format(R"(<li class="{}">{}</li>)", kind, html_text(text));
  return out;
}

std::string restraint_words(const Restriction& restraint) { return restraint.on ? "yes" : "no"; }

std::string fact(std::string_view name, const std::string& inner) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", name, inner);
}

std::string list(const std::vector<std::string>& texts) { return html_text(fmt::format("{}", fmt::join(texts, ", "))); }

std::string query_words(const Metrics& metrics) {
  return fmt::format("{} by UDP, {} by TCP, {} by TLS, {} by HTTPS",
                     fresh("queries.udp", "n", count_words(metrics.udp_queries)),
                     fresh("queries.tcp", "n", count_words(metrics.tcp_queries)),
                     fresh("queries.tls", "n", count_words(metrics.tls_queries)),
                     fresh("queries.https", "n", count_words(metrics.https_queries)));
}

std::string cache_words(const CacheStatistics& cache) {
  return fmt::format("{} answers, {} of {}", fresh("cache.entries", "n", count_words(cache.entries)),
                     fresh("cache.octets", "bytes", octets_words(cache.octets)),
                     fresh("cache.budget", "bytes", octets_words(cache.budget)));
}

std::string confinement_words(const Confinement& confinement) {
  return fmt::format("{}; system calls filtered: {}; files closed off: {}; no new privileges: {}",
                     confinement.user.empty() ? "user unchanged" : "user " + html_text(confinement.user),
                     restraint_words(confinement.seccomp), restraint_words(confinement.landlock),
                     restraint_words(confinement.no_new_privs));
}

std::string query_log_words(const QueryLogCounts& log) {
  if (log.to == "off") return "off: no name is written down";
  return fmt::format("to {}, {} lines", html_text(log.to), fresh("query_log.written", "n", count_words(log.written)));
}

/// Which public names may have private addresses.
std::string rebind_words(const RebindConfig& rebind) {
  if (!rebind.protect) return "off: public names may lead into this network";
  if (rebind.allow.empty()) return "on, without exception";
  return "on, except for " + list(rebind.allow);
}

std::string reload_words(const ReloadCounts& reloads) {
  return fmt::format("{} reloads, {} refused", fresh("reloads.good", "n", count_words(reloads.good)),
                     fresh("reloads.refused", "n", count_words(reloads.refused)));
}

std::string times_row(std::string_view what, std::string_view key, const Histogram& times) {
  const auto time = [&](std::string_view percentile, double share) {
    const auto words = times.count() == 0 ? "–" : milliseconds_words(times.percentile(share) * 1000);
    return number_cell(percentile, fresh(fmt::format("times.{}.{}_ms", key, percentile), "ms", words));
  };
  return fmt::format(R"(<tr role="row"><th role="rowheader" scope="row">{}</th>{}{}{}{}</tr>)", what,
                     number_cell("answers", fresh(fmt::format("times.{}.count", key), "n", count_words(times.count()))),
                     time("p50", 0.5), time("p95", 0.95), time("p99", 0.99));
}

}  // namespace

std::string summary_section(const PageView& view) {
  const StatusSummary summary = summarise(view.snapshot, view.exposure);
  std::string out = fmt::format(R"(<p class="verdict" data-s="{}">{}</p><h1>{}.</h1>)", to_string(summary.verdict),
                                word_for(summary.verdict), html_text(summary.sentence));
  if (!summary.warnings.empty() || !summary.notes.empty())
    out += fmt::format("<ul class=\"remarks\">{}{}</ul>", list_items(summary.warnings, "warning"),
                       list_items(summary.notes, "note"));
  return out;
}

std::string times_section(const PageView& view) {
  const Metrics& metrics = view.snapshot.metrics;
  return times_row("Answered at once", "at_once", metrics.at_once_time) +
         times_row("Had to wait", "waited", metrics.waited_time);
}

std::string machine_section(const PageView& view) {
  const Snapshot& snapshot = view.snapshot;
  return fact("Listens at", list(snapshot.listen)) + fact("Threads", count_words(snapshot.workers)) +
         fact("Questions", query_words(snapshot.metrics)) +
         fact("Waiting now", fresh("pending", "n", count_words(snapshot.pending)) + " questions") +
         fact("Cache", cache_words(snapshot.cache)) + fact("Query log", query_log_words(snapshot.query_log)) +
         fact("Rebinding protection", rebind_words(snapshot.rebind)) +
         fact("Configuration", reload_words(snapshot.reloads)) +
         fact("Confined", confinement_words(snapshot.confinement));
}

}  // namespace tacet
