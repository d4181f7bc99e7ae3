#include "doctor/path_checks.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/text.hpp"
#include "dns/svcb.hpp"
#include "doctor/server_identity.hpp"

namespace tacet {
namespace {

using Seen = std::vector<const ClearSeen*>;

constexpr auto go_encrypted =
    "nothing for names that go through tacet, which asks encrypted; a program that asks "
    "plain DNS by itself gets this network's answers";

Seen of_check(const PathEvidence& evidence, std::string_view check) {
  Seen found;
  for (const auto& seen : evidence.clear)
    if (seen.query.check == check) found.push_back(&seen);
  return found;
}

/// The servers in the order of the plan, with what each was asked.
std::vector<std::pair<std::string, Seen>> by_server(const Seen& all) {
  std::vector<std::pair<std::string, Seen>> servers;
  for (const auto* seen : all) {
    const auto name = fmt::format("{} ({})", to_string(seen->query.server), seen->query.server_name);
    auto known = std::ranges::find(servers, name, [](const auto& server) { return server.first; });
    if (known == servers.end()) known = servers.insert(servers.end(), {name, {}});
    known->second.push_back(seen);
  }
  return servers;
}

std::size_t answered(const Seen& all) {
  return static_cast<std::size_t>(
      std::ranges::count_if(all, [](const auto* seen) { return seen->outcome.first() != nullptr; }));
}

bool anything_answered(const PathEvidence& evidence) {
  const auto answers = [](const ClearSeen& seen) {
    return seen.query.check != "path.nonserver" && seen.outcome.first() != nullptr;
  };
  return !evidence.encrypted.empty() || std::ranges::any_of(evidence.clear, answers);
}

std::string address_text(Bytes octets) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(octets.size() == 4 ? AF_INET : AF_INET6, octets.data(), text.data(), text.size());
  return text.data();
}

std::vector<std::string> addresses_in(const Message& answer) {
  std::vector<std::string> found;
  for (const auto& record : answer.records())
    if (record.section == Section::answer && (record.type == Type::a || record.type == Type::aaaa))
      found.push_back(address_text(answer.rdata(record)));
  return found;
}

bool has_answer_of(const Message& answer, Type type) {
  return std::ranges::any_of(
      answer.records(), [&](const auto& record) { return record.section == Section::answer && record.type == type; });
}

std::string words_of(const Message& answer) {
  const auto addresses = addresses_in(answer);
  if (!addresses.empty()) return fmt::format("{}", fmt::join(addresses, ", "));
  return fmt::format("{}, {} record{}", to_string(answer.rcode()), answer.index().answers,
                     answer.index().answers == 1 ? "" : "s");
}

std::string question_text(const Question& question) {
  return fmt::format("{} {}", question.name.to_string(), to_string(question.type));
}

Finding silent(std::string check, std::string asked, const Seen& all) {
  std::string why = "no answer";
  for (const auto* seen : all)
    if (seen->outcome.trouble && !seen->outcome.trouble->detail.empty()) why = seen->outcome.trouble->detail;
  return {.check = std::move(check),
          .severity = Severity::unknown,
          .asked = std::move(asked),
          .seen = fmt::format("{} of {} answered: {}", answered(all), all.size(), why),
          .means = "this could not be found out: plain DNS does not pass, or there is no network"};
}

// path.nonserver

Finding judge_nonserver(const PathEvidence& evidence) {
  const Seen all = of_check(evidence, "path.nonserver");
  Finding finding{.check = "path.nonserver", .asked = "plain DNS at addresses where no server can be"};
  std::vector<std::string> liars;
  for (const auto* seen : all)
    if (const Message* answer = seen->outcome.first())
      liars.push_back(fmt::format("{} answered {}: {}", to_string(seen->query.server),
                                  question_text(seen->query.question), words_of(*answer)));
  if (!liars.empty()) {
    finding.severity = Severity::failure;
    finding.seen = fmt::format("{}", fmt::join(liars, "; "));
    finding.means =
        "a device on the path takes every packet for port 53 and answers it itself: plain DNS to any "
        "server ends there";
    finding.remedy = go_encrypted;
  } else if (anything_answered(evidence)) {
    finding.severity = Severity::ok;
    finding.seen = "no answer, as it should be";
    finding.means = "nobody answers port 53 in the place of others";
  } else {
    return silent(finding.check, finding.asked, all);
  }
  return finding;
}

// path.identity

/// How the server at one address calls itself.
std::string identity_of(const Seen& asked) {
  std::string identity;
  for (const auto* seen : asked) {
    const Message* answer = seen->outcome.first();
    if (answer == nullptr) continue;
    const auto said = seen->query.nsid ? nsid_of(*answer) : first_text_of(*answer);
    if (identity.empty()) identity = said;
  }
  return identity;
}

Finding judge_identity(const PathEvidence& evidence) {
  const Seen all = of_check(evidence, "path.identity");
  Finding finding{.check = "path.identity", .asked = "plain DNS: the name of the server behind well-known addresses"};
  if (answered(all) == 0) return silent(finding.check, finding.asked, all);
  std::vector<std::string> words, nameless;
  std::map<std::string, int> bearers;
  for (const auto& [server, asked] : by_server(all)) {
    if (answered(asked) == 0) continue;
    const auto identity = identity_of(asked);
    words.push_back(fmt::format("{}: {}", server, identity.empty() ? "no name" : identity));
    if (identity.empty()) nameless.push_back(server);
    ++bearers[identity];
  }
  finding.seen = fmt::format("{}", fmt::join(words, "; "));
  const bool shared = words.size() > 1 && bearers.size() == 1;
  if (!nameless.empty() || shared) {
    finding.severity = Severity::failure;
    finding.means = shared && nameless.empty()
                        ? "one server answers for different operators: a transparent proxy takes plain DNS"
                        : "the real servers tell their name and these do not: a transparent proxy takes plain DNS";
    finding.remedy = go_encrypted;
    return finding;
  }
  finding.severity = Severity::ok;
  finding.means = "each operator's own server answers";
  return finding;
}

// path.race

/// The records of the answer section, without TTLs, and the response code.
std::set<std::string> content_of(const Message& answer) {
  std::set<std::string> content{to_string(answer.rcode())};
  for (const auto& record : answer.records())
    if (record.section == Section::answer && record.type != Type::rrsig)
      content.insert(to_string(record.type) + std::string(chars_of(answer.rdata(record))));
  return content;
}

const ClearAnswer* second_opinion(const ClearOutcome& outcome) {
  if (outcome.answers.empty()) return nullptr;
  const auto& first = outcome.answers.front();
  for (const auto& other : outcome.answers)
    if (other.attempt == first.attempt && content_of(other.message) != content_of(first.message)) return &other;
  return nullptr;
}

Finding judge_race(const PathEvidence& evidence) {
  Finding finding{.check = "path.race",
                  .severity = Severity::ok,
                  .asked = "whether a second, different answer follows within two seconds",
                  .seen = "one answer to each query",
                  .means = "nobody on the path injects answers"};
  Seen all;
  for (const auto& seen : evidence.clear) all.push_back(&seen);
  if (answered(all) == 0) return silent(finding.check, finding.asked, all);
  for (const auto& seen : evidence.clear) {
    const auto* other = second_opinion(seen.outcome);
    if (other == nullptr) continue;
    finding.severity = Severity::failure;
    finding.seen = fmt::format("{}: first {}, then {}", to_string(seen.query), words_of(*seen.outcome.first()),
                               words_of(other->message));
    finding.means = "somebody on the path sends false answers ahead of the true ones; the first is usually the lie";
    finding.remedy = go_encrypted;
    break;
  }
  return finding;
}

// path.nxdomain

Finding judge_nxdomain(const std::string& server, const Seen& asked) {
  Finding finding{.check = "path.nxdomain", .asked = fmt::format("plain DNS to {}: names that cannot exist", server)};
  if (answered(asked) == 0) return silent(finding.check, finding.asked, asked);
  std::set<std::string> addresses;
  for (const auto* seen : asked)
    if (const Message* answer = seen->outcome.first()) {
      const auto found = addresses_in(*answer);
      addresses.insert(found.begin(), found.end());
    }
  if (addresses.empty()) {
    finding.severity = Severity::ok;
    finding.seen = "no address";
    finding.means = "a name that does not exist stays so";
    return finding;
  }
  finding.severity = Severity::failure;
  finding.seen = fmt::format("{} instead of NXDOMAIN", fmt::join(addresses, ", "));
  finding.means = "mistyped names lead to somebody's server, and programs take that for an answer";
  finding.remedy = go_encrypted;
  return finding;
}

// path.forged

Finding judge_signed(const PathEvidence& evidence, const std::string& server, const Seen& asked) {
  Finding finding{.check = "path.forged", .asked = fmt::format("plain DNS to {}: signed public names", server)};
  if (answered(asked) == 0) return silent(finding.check, finding.asked, asked);
  std::vector<std::string> forged;
  std::size_t authentic = 0, stripped = 0;
  for (const auto* seen : asked) {
    const Message* answer = seen->outcome.first();
    if (answer == nullptr) continue;
    const Message* reference = evidence.reference(seen->query.question);
    const auto proof = evidence.authenticity ? evidence.authenticity(*answer) : Authenticity::unproven;
    if (proof == Authenticity::authentic) ++authentic;
    if (proof == Authenticity::forged)
      forged.push_back(fmt::format("{}: {} in clear, {} encrypted", question_text(seen->query.question),
                                   words_of(*answer), reference ? words_of(*reference) : "no answer"));
    if (reference && has_answer_of(*reference, Type::rrsig) && !has_answer_of(*answer, Type::rrsig)) ++stripped;
  }
  finding.seen = fmt::format("{} of {} answers authentic, {} without signatures", authentic, answered(asked), stripped);
  const bool is_public = asked.front()->query.server_name != "the network's own resolver";
  if (!forged.empty()) {
    finding.severity = Severity::failure;
    finding.seen = fmt::format("{}", fmt::join(forged, "; "));
    finding.means = "the signatures of the zone prove that these answers are not the owner's";
    finding.remedy = go_encrypted;
  } else if (stripped >= 2) {
    finding.severity = is_public ? Severity::warning : Severity::note;
    finding.means = is_public ? "somebody on the path answers in this server's place, or removes signatures"
                              : "this resolver passes no signatures on, so nobody behind it can check an answer";
    finding.remedy = is_public ? go_encrypted : "";
  } else if (authentic > 0) {
    finding.severity = Severity::ok;
    finding.means = "the owners' signatures prove these answers";
  } else {
    finding.means = "there was nothing to check the answers against";
  }
  return finding;
}

// path.ech

bool offers_ech(const Message& answer) {
  for (const auto& record : answer.records()) {
    if (record.section != Section::answer || record.type != Type::https) continue;
    const auto binding = parse_service_binding(answer.rdata(record));
    if (binding && binding->find(svc_param::ech)) return true;
  }
  return false;
}

Finding judge_ech(const PathEvidence& evidence, const std::string& server, const Seen& asked) {
  Finding finding{.check = "path.ech",
                  .asked = fmt::format("plain DNS to {}: the HTTPS records of names that publish ECH", server)};
  std::size_t offered = 0, kept = 0;
  for (const auto* seen : asked) {
    const Message* answer = seen->outcome.first();
    const Message* reference = evidence.reference(seen->query.question);
    if (answer == nullptr || reference == nullptr || !offers_ech(*reference)) continue;
    ++offered;
    if (offers_ech(*answer)) ++kept;
  }
  if (offered == 0) {
    if (answered(asked) == 0) return silent(finding.check, finding.asked, asked);
    finding.seen = "none of them publishes ECH now, as the encrypted path shows";
    finding.means = "there is nothing to remove";
    return finding;
  }
  finding.seen = fmt::format("ECH in {} of {} answers that have it on the encrypted path", kept, offered);
  if (offered - kept >= std::min<std::size_t>(2, offered)) {
    finding.severity = Severity::warning;
    finding.means = "ECH is removed on the plain path, so that browsers show the names of sites in clear";
    finding.remedy = "let browsers ask tacet over HTTPS: sudo tacet browser setup";
  } else {
    finding.severity = Severity::ok;
    finding.means = "ECH keys pass";
  }
  return finding;
}

// path.tcp53

Finding judge_tcp(const std::string& server, const ClearSeen& by_tcp, bool udp_answers) {
  Finding finding{.check = "path.tcp53", .asked = fmt::format("plain DNS by TCP to {}", server)};
  if (by_tcp.outcome.first() != nullptr) {
    finding.severity = Severity::ok;
    finding.seen = "answered";
    finding.means = "large answers pass";
    return finding;
  }
  if (!udp_answers) return silent(finding.check, finding.asked, {&by_tcp});
  finding.severity = Severity::note;
  finding.seen = by_tcp.outcome.trouble ? by_tcp.outcome.trouble->detail : "no answer";
  finding.means = "UDP passes and TCP does not, so plain answers that do not fit a datagram are lost";
  return finding;
}

}  // namespace

const Message* PathEvidence::reference(const Question& question) const {
  const auto found =
      std::ranges::find_if(encrypted, [&](const Message& answer) { return answer.question() == question; });
  return found == encrypted.end() ? nullptr : &*found;
}

std::vector<Finding> judge_path(const PathEvidence& evidence) {
  std::vector<Finding> findings{judge_nonserver(evidence), judge_identity(evidence), judge_race(evidence)};
  for (const auto& [server, asked] : by_server(of_check(evidence, "path.nxdomain")))
    findings.push_back(judge_nxdomain(server, asked));
  const auto signed_ones = by_server(of_check(evidence, "path.forged"));
  for (const auto& [server, asked] : signed_ones) findings.push_back(judge_signed(evidence, server, asked));
  for (const auto& [server, asked] : by_server(of_check(evidence, "path.ech")))
    findings.push_back(judge_ech(evidence, server, asked));
  for (const auto& [server, asked] : by_server(of_check(evidence, "path.tcp53"))) {
    const auto by_udp = std::ranges::find(signed_ones, server, [](const auto& each) { return each.first; });
    findings.push_back(judge_tcp(server, *asked.front(), by_udp != signed_ones.end() && answered(by_udp->second) > 0));
  }
  return findings;
}

}  // namespace tacet
