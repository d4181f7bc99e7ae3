#include "report/status_summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/phrase.hpp"
#include "privacy/exposure_log.hpp"

namespace tacet {
namespace {

bool is_good(const UpstreamReport& upstream) { return upstream.good; }

/// The upstreams that carry the questions now: those with a connection, or else the first one that works.
std::vector<const UpstreamReport*> carriers(const std::vector<UpstreamReport>& upstreams) {
  std::vector<const UpstreamReport*> out;
  for (const UpstreamReport& upstream : upstreams)
    if (upstream.good && upstream.open_connections() > 0) out.push_back(&upstream);
  if (!out.empty()) return out;
  const auto first = std::ranges::find_if(upstreams, is_good);
  if (first != upstreams.end()) out.push_back(&*first);
  return out;
}

/// Adds the sites at which the open connections of an upstream end, as its servers name them: "fra".
void add_sites(const UpstreamReport& upstream, const std::vector<ServerSite>& known, Phrases& sites) {
  for (const auto& channel : upstream.channels)
    for (const auto& each : known)
      if (channel.state.warm && channel.state.facts && each.upstream == upstream.id &&
          each.address == channel.state.facts->address)
        add_once(sites, each.site);
}

/// "cloudflare by DoH and DoT at the site 47m, and quad9 by DoT".
std::string operators_of(const std::vector<const UpstreamReport*>& upstreams, const std::vector<ServerSite>& known) {
  Phrases operators, parts;
  for (const auto* upstream : upstreams) add_once(operators, upstream->operator_name);
  for (const std::string& name : operators) {
    Phrases ways, sites;
    for (const auto* upstream : upstreams) {
      if (upstream->operator_name != name) continue;
      add_once(ways, std::string(to_string(upstream->transport())));
      add_sites(*upstream, known, sites);
    }
    const auto where =
        sites.empty() ? "" : fmt::format(" at the site{} {}", sites.size() > 1 ? "s" : "", list_of(sites));
    parts.push_back(fmt::format("{} by {}{}", name, list_of(ways), where));
  }
  return fmt::format("{}", fmt::join(parts, ", and "));
}

Phrases zones_in_clear(const Snapshot& snapshot) {
  Phrases zones;
  for (const ZoneReport& zone : snapshot.zones)
    if (zone.in_clear) zones.push_back(zone.zone);
  return zones;
}

/// The zones by name if they are few.
std::string clear_part(const Snapshot& snapshot) {
  constexpr std::size_t few = 3;
  const Phrases zones = zones_in_clear(snapshot);
  if (zones.size() > few) return fmt::format("names of {} zones in clear", zones.size());
  if (!zones.empty()) return fmt::format("names of {} in clear", list_of(zones));
  return snapshot.plaintext_lookups > 0 ? "an upstream's own name in clear" : "nothing in clear";
}

std::string words_for(const UpstreamReport& upstream, std::string_view zone) {
  const auto failed =
      std::ranges::find_if(upstream.channels, [](const auto& each) { return !each.state.last_error.empty(); });
  const auto why = failed == upstream.channels.end() ? std::string() : fmt::format(": {}", failed->state.last_error);
  return fmt::format("{}{} fails{}", upstream.id, zone.empty() ? "" : fmt::format(" (zone {})", zone), why);
}

void warn_of_upstreams(const Snapshot& snapshot, Phrases& warnings) {
  for (const UpstreamReport& upstream : snapshot.upstreams)
    if (!upstream.good) warnings.push_back(words_for(upstream, ""));
  for (const ZoneReport& zone : snapshot.zones)
    for (const UpstreamReport& upstream : zone.upstreams)
      if (!upstream.good) warnings.push_back(words_for(upstream, zone.zone));
}

/// True if each new name gets SERVFAIL, because nothing can be proven.
bool proves_nothing(const DnssecReport& dnssec) {
  return dnssec.rules->mode == DnssecMode::on && !dnssec.root_fault.empty();
}

void warn_of_validation(const DnssecReport& dnssec, Phrases& warnings) {
  if (dnssec.root_fault.empty()) return;
  warnings.push_back(
      fmt::format("No trust anchor proves the keys of the root ({}). Check this machine's clock and its trust anchors, "
                  "and ask an upstream that passes signatures on",
                  dnssec.root_fault));
}

void warn_of_path(const Snapshot& snapshot, Phrases& warnings) {
  for (const Interference& each : snapshot.interferences)
    warnings.push_back(fmt::format("This network interferes: {}", each.words));
}

void warn_of_machine(const Snapshot& snapshot, Phrases& warnings) {
  if (!snapshot.reloads.last_was_good)
    warnings.emplace_back(
        "The last reload was refused; the former configuration stays in use (tacet reload tells why)");
  if (!snapshot.listen_absent.empty())
    warnings.push_back(fmt::format("Nobody can ask at {}: this machine does not have the address now",
                                   list_of(snapshot.listen_absent)));
  for (const CertificateReport& certificate : snapshot.certificates)
    if (auto warning = expiry_warning(certificate); !warning.empty()) warnings.push_back(std::move(warning));
  if (snapshot.query_log.to != "off")
    warnings.emplace_back("The query log is on: names that programs ask for are written down");
  if (snapshot.query_log.failed > 0)
    warnings.push_back(fmt::format("{} lines of the query log could not be written", snapshot.query_log.failed));
}

Phrases notes_on(const Snapshot& snapshot, const ExposureOverview& exposure) {
  Phrases notes, shown;
  for (const EndpointExposure& endpoint : exposure.endpoints)
    if (!endpoint.facts->sni.empty()) add_once(shown, endpoint.facts->sni);
  if (!shown.empty())
    notes.push_back(
        fmt::format("The network sees that you use {} (the server's name, SNI), and not what you ask", list_of(shown)));
  Phrases certified;
  for (const EndpointExposure& endpoint : exposure.endpoints)
    if (endpoint.facts->sni.empty() && shows_certificate(*endpoint.facts)) add_once(certified, endpoint.facts->address);
  if (!certified.empty())
    notes.push_back(
        fmt::format("The network can read the certificate of {} (it comes in clear in TLS 1.2), and not what you ask",
                    list_of(certified)));
  if (const Phrases zones = zones_in_clear(snapshot); !zones.empty())
    notes.push_back(fmt::format("Names of {} travel in clear to their own servers, as configured", list_of(zones)));
  if (snapshot.plaintext_lookups > 0)
    notes.push_back(fmt::format("The name of an upstream was looked up in clear, {} time{}, as configured (bootstrap)",
                                snapshot.plaintext_lookups, snapshot.plaintext_lookups == 1 ? "" : "s"));
  return notes;
}

std::string warning_part(std::size_t count) {
  if (count == 0) return "no warnings";
  return fmt::format("{} warning{}", count, count == 1 ? "" : "s");
}

/// The first part of the sentence.
std::string way_part(const Snapshot& snapshot) {
  const auto used = carriers(snapshot.upstreams);
  if (used.empty()) return "No upstream answers, so new names fail";
  if (proves_nothing(snapshot.dnssec)) return "No answer can be proven (DNSSEC), so new names fail";
  if (snapshot.streak.is_on()) return "Upstreams answer, but the last new names all failed";
  const bool connected = used.front()->open_connections() > 0;
  return fmt::format("{} to {}", connected ? "Encrypted" : "Ready to ask, encrypted",
                     operators_of(used, snapshot.sites));
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  if (verdict == Verdict::good) return "good";
  return verdict == Verdict::warning ? "warning" : "bad";
}

StatusSummary summarise(const Snapshot& snapshot, const ExposureOverview& exposure) {
  StatusSummary summary;
  warn_of_upstreams(snapshot, summary.warnings);
  warn_of_validation(snapshot.dnssec, summary.warnings);
  if (snapshot.streak.is_on())
    summary.warnings.push_back(fmt::format(
        "The last names that upstreams answered all failed, in {} domains or more (tacet query NAME tells how)",
        FailureStreak::enough));
  warn_of_path(snapshot, summary.warnings);
  warn_of_machine(snapshot, summary.warnings);
  summary.notes = notes_on(snapshot, exposure);
  const bool works =
      std::ranges::any_of(snapshot.upstreams, is_good) && !proves_nothing(snapshot.dnssec) && !snapshot.streak.is_on();
  if (!summary.warnings.empty()) summary.verdict = Verdict::warning;
  if (!works) summary.verdict = Verdict::bad;
  summary.sentence =
      fmt::format("{}; {}; {}", way_part(snapshot), clear_part(snapshot), warning_part(summary.warnings.size()));
  return summary;
}

}  // namespace tacet
