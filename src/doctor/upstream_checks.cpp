#include "doctor/upstream_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/duration.hpp"

namespace tacet {
namespace {

std::string trouble_of(const ReachTry& each) {
  if (!each.words.empty()) return each.words;
  return each.trouble->detail.empty() ? std::string(to_string(each.trouble->fault)) : each.trouble->detail;
}

/// What a network blocks: the failed try has it, and the tries that work have something else.
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
  const bool alive =
      failed.reached_elsewhere || some_work([&](const auto& o) { return same_address(o) && !same_transport(o); });
  if (alive && !elsewhere) return Block::port;
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

/// The tries of one upstream as it is configured.
std::vector<const ReachTry*> of_upstream(const std::vector<ReachTry>& tries, std::size_t entry) {
  std::vector<const ReachTry*> found;
  for (const auto& each : tries)
    if (each.entry == entry && !each.without_sni) found.push_back(&each);
  return found;
}

/// "DoT to 1.1.1.1:853: refused; DoT to 1.0.0.1:853: refused".
std::string failures_of(const std::vector<const ReachTry*>& tries) {
  std::vector<std::string> words;
  for (const auto* each : tries)
    if (!each->works()) words.push_back(fmt::format("{}: {}", way_text(*each), trouble_of(*each)));
  return fmt::format("{}", fmt::join(words, "; "));
}

std::string successes_of(const std::vector<const ReachTry*>& tries) {
  std::vector<std::string> words;
  for (const auto* each : tries)
    if (each->works()) words.push_back(fmt::format("{} in {:.1f} ms", way_text(*each), milliseconds(each->round_trip)));
  return fmt::format("{}", fmt::join(words, ", "));
}

/// Nothing of what was configured works.
Finding judge_nothing_works(const UpstreamEvidence& evidence) {
  std::vector<const ReachTry*> all;
  for (const auto& each : evidence.tries)
    if (!each.without_sni) all.push_back(&each);
  Finding finding{.check = "reach", .asked = "every configured upstream", .seen = failures_of(all)};
  const bool without_name = std::ranges::any_of(evidence.tries, &ReachTry::works);
  const bool untrusted = evidence.why_untrusted.empty() && std::ranges::any_of(evidence.tries, [](const auto& each) {
                           return !each.works() && each.trouble->fault == Fault::tls_untrusted;
                         });
  if (without_name) {
    finding.severity = Severity::failure;
    finding.means = "this network blocks the servers' names in the greeting; without the name they answer";
    finding.remedy = "write sni: omit at the upstreams";
  } else if (!evidence.why_untrusted.empty()) {
    finding.severity = Severity::failure;
    finding.means = fmt::format("no upstream can be trusted now, for the reason that {} tells", evidence.why_untrusted);
    finding.remedy = fmt::format("see {}", evidence.why_untrusted);
  } else if (untrusted) {
    finding.severity = Severity::failure;
    finding.means =
        "other servers answer in the upstreams' place: a portal that wants a login, a filter, or somebody "
        "who reads along. tacet refuses them";
    finding.remedy = "log in if this is a guest network; see tls.intercept";
  } else if (evidence.plain_dns_passes) {
    finding.severity = Severity::failure;
    finding.means = "plain DNS passes and encrypted DNS does not: this network blocks it";
    finding.remedy = "configure another upstream or a proxy";
  } else {
    finding.means = "nothing passes, neither plain nor encrypted: there is no network";
  }
  return finding;
}

Finding judge_upstream(const std::vector<const ReachTry*>& tries, const UpstreamEvidence& evidence) {
  Finding finding{.check = "reach", .asked = fmt::format("{}, encrypted", tries.front()->upstream)};
  const auto failed = std::ranges::find_if(tries, [](const auto* each) { return !each->works(); });
  const bool works = std::ranges::any_of(tries, &ReachTry::works);
  finding.seen = works ? successes_of(tries) : failures_of(tries);
  if (failed == tries.end()) {
    finding.severity = Severity::ok;
    finding.means = "encrypted DNS works this way";
    return finding;
  }
  if (works) finding.seen += "; but " + failures_of(tries);
  const auto block = block_of(**failed, evidence.tries);
  const auto is_slow = [](const ReachTry* each) { return each->connected && each->trouble->fault == Fault::timeout; };
  if (!works && block != Block::name && std::ranges::all_of(tries, is_slow)) {
    finding.means = "this upstream takes connections and did not answer in time";
    return finding;
  }
  finding.severity = works ? Severity::note : Severity::warning;
  finding.means = block ? words_of(*block, **failed) : "this upstream does not answer, and another does";
  finding.remedy = works ? "" : "nothing at once: tacet uses another upstream that works";
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
  } else if (tried == 0) {
    finding.severity = Severity::note;
    finding.means = fmt::format("no upstream of the configuration has an address of {}", family);
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

std::string way_text(const ReachTry& each) {
  const auto address = each.address.empty() ? each.upstream
                       : each.is_ipv6       ? fmt::format("[{}]:{}", each.address, each.port)
                                            : fmt::format("{}:{}", each.address, each.port);
  return fmt::format("{} to {}{}{}{}", to_string(each.transport), address, each.way.empty() ? "" : " ", each.way,
                     each.without_sni ? " without SNI" : "");
}

std::vector<Finding> judge_reach(const UpstreamEvidence& evidence) {
  const auto works = [](const ReachTry& each) { return each.works() && !each.without_sni; };
  if (std::ranges::none_of(evidence.tries, works)) return {judge_nothing_works(evidence)};
  std::vector<Finding> findings;
  std::set<std::size_t> judged;
  for (const auto& each : evidence.tries)
    if (judged.insert(each.entry).second)
      findings.push_back(judge_upstream(of_upstream(evidence.tries, each.entry), evidence));
  return findings;
}

std::vector<Finding> judge_sites(const UpstreamEvidence& evidence) {
  std::vector<Finding> findings;
  for (const auto& each : evidence.tries) {
    if (!each.works() || each.without_sni) continue;
    findings.push_back(
        {.check = "who",
         .severity = Severity::note,
         .asked = way_text(each),
         .seen = fmt::format("{}{}, {:.1f} ms{}", each.operator_name,
                             each.site.empty() ? std::string(", no name of a site") : " at " + each.site,
                             milliseconds(each.round_trip), each.trace ? "; its trace: " + to_string(*each.trace) : ""),
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
      untrusted.insert(way_text(each) + ": " + trouble_of(each));
    const auto twin = std::ranges::find_if(evidence.with_mozilla_roots, [&](const ReachTry& other) {
      return other.entry == each.entry && other.address == each.address && other.without_sni == each.without_sni;
    });
    if (twin == evidence.with_mozilla_roots.end() || !each.works()) continue;
    ++compared;
    if (!twin->works() && twin->trouble->fault == Fault::tls_untrusted) only_local.insert(way_text(each));
  }
  if (!only_local.empty()) {
    finding.severity = Severity::failure;
    finding.seen =
        fmt::format("trusted only by an authority that was installed on this machine: {}", fmt::join(only_local, ", "));
    finding.means = "somebody between here and the upstream opens the encryption and can read and change everything";
    finding.remedy = "find the authority among /usr/local/share/ca-certificates, and ask its owner";
  } else if (!untrusted.empty() && !evidence.why_untrusted.empty()) {
    finding.seen = "no certificate is valid now";
    finding.means = fmt::format("this could not be found out, for the reason that {} tells", evidence.why_untrusted);
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
    finding.means =
        "no upstream answered, the configuration names their authorities (ca_file), or Mozilla's are not installed "
        "(package ca-certificates)";
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
