#include "doctor/upstream_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace tacet {
namespace {

double milliseconds(Duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

std::string place(const ReachTry& each) {
  const auto address = each.address.empty() ? each.upstream
                       : each.is_ipv6       ? fmt::format("[{}]:{}", each.address, each.port)
                                            : fmt::format("{}:{}", each.address, each.port);
  return fmt::format("{} to {}{}", to_string(each.transport), address, each.without_sni ? " without SNI" : "");
}

std::string trouble_of(const ReachTry& each) {
  if (!each.words.empty()) return each.words;
  return each.trouble->detail.empty() ? std::string(to_string(each.trouble->fault)) : each.trouble->detail;
}

/// What the failed try shares with tries that work tells what is blocked.
enum class Block : std::uint8_t { name, port, family, address };

std::optional<Block> block_of(const ReachTry& failed, const std::vector<ReachTry>& tries) {
  const auto some_work = [&](auto&& alike) {
    return std::ranges::any_of(tries, [&](const ReachTry& other) { return other.works() && alike(other); });
  };
  const auto same_address = [&](const ReachTry& other) { return other.address == failed.address; };
  const auto same_transport = [&](const ReachTry& other) { return other.transport == failed.transport; };
  const bool elsewhere = some_work([&](const auto& other) { return same_transport(other) && !same_address(other); });
  if (some_work([&](const auto& o) { return o.without_sni && same_address(o) && same_transport(o); }))
    return Block::name;
  if (some_work([&](const auto& o) { return same_address(o) && !same_transport(o); }) && !elsewhere) return Block::port;
  if (failed.is_ipv6 && !some_work([](const auto& o) { return o.is_ipv6; }) &&
      some_work([](const auto&) { return true; }))
    return Block::family;
  if (elsewhere) return Block::address;
  return std::nullopt;
}

std::string words_of(Block block, const ReachTry& failed) {
  switch (block) {
    case Block::name:
      return "this network blocks the server's name in the greeting";
    case Block::port:
      return fmt::format("this network blocks port {}", failed.port);
    case Block::family:
      return "IPv6 does not carry it here";
    case Block::address:
      return fmt::format("this network does not reach {}", failed.address);
  }
  return {};
}

Finding judge_try(const ReachTry& each, const UpstreamEvidence& evidence, bool any_works) {
  Finding finding{.check = "reach", .asked = place(each)};
  if (each.works()) {
    finding.severity = Severity::ok;
    finding.seen = fmt::format("answered in {:.1f} ms", milliseconds(each.round_trip));
    finding.means = "encrypted DNS works this way";
    return finding;
  }
  finding.seen = trouble_of(each);
  if (each.trouble->fault == Fault::tls_untrusted) {
    finding.severity = Severity::failure;
    finding.means = "another server answers at this address, or somebody reads along: tacet refuses it";
    finding.remedy = "see tls.intercept; if you set this upstream up yourself, give its authority as ca_file";
    return finding;
  }
  const auto block = block_of(each, evidence.tries);
  if (block) {
    finding.severity = *block == Block::family ? Severity::note : Severity::warning;
    finding.means = words_of(*block, each);
    finding.remedy = any_works ? "nothing: tacet uses a way that works" : "";
  } else if (any_works) {
    finding.severity = Severity::warning;
    finding.means = "this upstream does not answer, and another does";
    finding.remedy = "nothing at once: tacet uses the other";
  } else if (evidence.plain_dns_passes) {
    finding.severity = Severity::failure;
    finding.means = "plain DNS passes and encrypted DNS does not: this network blocks it";
    finding.remedy = "configure another upstream or a proxy";
  } else {
    finding.means = "nothing passes, neither plain nor encrypted: there is no network";
  }
  return finding;
}

Finding judge_family(std::string check, const UpstreamEvidence& evidence, bool is_ipv6) {
  const bool has_route = is_ipv6 ? evidence.has_ipv6_route : evidence.has_ipv4_route;
  const char* const family = is_ipv6 ? "IPv6" : "IPv4";
  Finding finding{.check = std::move(check), .asked = fmt::format("upstreams over {}", family)};
  std::size_t tried = 0, works = 0;
  for (const auto& each : evidence.tries) {
    if (each.is_ipv6 != is_ipv6 || each.address.empty()) continue;
    ++tried;
    if (each.works()) ++works;
  }
  finding.seen = fmt::format("{}, {} of {} answered", has_route ? "a route" : "no route", works, tried);
  if (works > 0) {
    finding.severity = Severity::ok;
    finding.means = fmt::format("{} works", family);
  } else if (!has_route) {
    finding.severity = Severity::note;
    finding.means = fmt::format("this network has no {}", family);
  } else if (tried > 0 && std::ranges::any_of(evidence.tries, &ReachTry::works)) {
    finding.severity = Severity::warning;
    finding.means =
        fmt::format("{} is announced here and leads nowhere: programs wait for it before they try the other", family);
    finding.remedy = "tell the network's operator, or turn it off on this link";
  } else {
    finding.means = "this could not be found out";
  }
  return finding;
}

}  // namespace

std::vector<Finding> judge_reach(const UpstreamEvidence& evidence) {
  const bool any_works = std::ranges::any_of(evidence.tries, &ReachTry::works);
  std::vector<Finding> findings;
  for (const auto& each : evidence.tries)
    if (!each.without_sni || each.works()) findings.push_back(judge_try(each, evidence, any_works));
  return findings;
}

std::vector<Finding> judge_sites(const UpstreamEvidence& evidence) {
  std::vector<Finding> findings;
  for (const auto& each : evidence.tries) {
    if (!each.works() || each.without_sni) continue;
    findings.push_back({.check = "who",
                        .severity = Severity::note,
                        .asked = place(each),
                        .seen = fmt::format("{}{}, {:.1f} ms", each.operator_name,
                                            each.site.empty() ? std::string(", no name of a site") : " at " + each.site,
                                            milliseconds(each.round_trip)),
                        .means = "your questions end there; this operator knows them"});
  }
  return findings;
}

std::vector<Finding> judge_families(const UpstreamEvidence& evidence) {
  return {judge_family("net.ipv4", evidence, false), judge_family("net.ipv6", evidence, true)};
}

std::vector<Finding> judge_tls(const UpstreamEvidence& evidence) {
  Finding finding{.check = "tls.intercept",
                  .asked =
                      "the upstreams' certificates, with the system's authorities and "
                      "with Mozilla's alone"};
  std::set<std::string> untrusted, only_local;
  std::size_t compared = 0;
  for (const auto& each : evidence.tries) {
    if (!each.works() && each.trouble->fault == Fault::tls_untrusted)
      untrusted.insert(place(each) + ": " + trouble_of(each));
    const auto twin = std::ranges::find_if(evidence.with_mozilla_roots, [&](const ReachTry& other) {
      return other.upstream == each.upstream && other.address == each.address && other.without_sni == each.without_sni;
    });
    if (twin == evidence.with_mozilla_roots.end() || !each.works()) continue;
    ++compared;
    if (!twin->works() && twin->trouble->fault == Fault::tls_untrusted) only_local.insert(place(each));
  }
  if (!only_local.empty()) {
    finding.severity = Severity::failure;
    finding.seen =
        fmt::format("trusted only by an authority that was installed on this machine: {}", fmt::join(only_local, ", "));
    finding.means = "somebody between here and the upstream opens the encryption and can read and change everything";
    finding.remedy = "find the authority among /usr/local/share/ca-certificates, and ask its owner";
  } else if (!untrusted.empty()) {
    finding.severity = Severity::failure;
    finding.seen = fmt::format("{}", fmt::join(untrusted, "; "));
    finding.means = "a server without a valid certificate answers in the upstream's place; tacet asks it nothing";
    finding.remedy = "try another network; check the clock of this machine";
  } else if (compared > 0) {
    finding.severity = Severity::ok;
    finding.seen = fmt::format("{} compared, both agree", compared);
    finding.means = "no local authority reads along";
  } else {
    finding.seen = "nothing to compare";
    finding.means = "no upstream answered, or Mozilla's authorities are not installed (package ca-certificates)";
  }
  return {finding};
}

std::vector<Finding> judge_greeting(const UpstreamEvidence& evidence) {
  std::set<std::string> shown, unpadded;
  std::size_t working = 0;
  for (const auto& each : evidence.tries) {
    if (!each.works() || each.without_sni || !each.facts) continue;
    ++working;
    if (!each.facts->sni.empty()) shown.insert(each.facts->sni);
    if (!each.padded) unpadded.insert(each.upstream);
  }
  if (working == 0) return {};
  Finding greeting{.check = "self.greeting", .asked = "our own greetings to the upstreams"};
  greeting.severity = shown.empty() ? Severity::ok : Severity::note;
  greeting.seen = shown.empty() ? "no server name in clear" : fmt::format("{} in clear", fmt::join(shown, ", "));
  greeting.means =
      shown.empty() ? "the network sees addresses only" : "the network reads whom tacet asks, though not what";
  if (!shown.empty()) greeting.remedy = "use an upstream whose URL is an address, or set sni: omit";
  Finding padding{.check = "self.padding", .asked = "whether the upstreams pad their answers"};
  padding.severity = unpadded.empty() ? Severity::ok : Severity::note;
  padding.seen = unpadded.empty() ? "all do" : fmt::format("{} does not", fmt::join(unpadded, ", "));
  padding.means =
      unpadded.empty() ? "the size of an answer tells nothing" : "the size of an answer may tell which name it is for";
  return {greeting, padding};
}

}  // namespace tacet
