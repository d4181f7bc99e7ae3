#include "doctor/path_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "dns/nsid.hpp"
#include "doctor/answer_checks.hpp"
#include "doctor/authenticity.hpp"
#include "doctor/seen_answers.hpp"
#include "doctor/server_identity.hpp"

namespace tacet {
namespace {

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
        "a device on the path answers packets for port 53 by itself, to whatever address they go: plain DNS to "
        "any server ends there";
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

/// True if the server answered the question that every real one answers with its name.
bool was_asked_for_its_name(const Seen& asked) {
  return std::ranges::any_of(asked,
                             [](const auto* seen) { return !seen->query.nsid && seen->outcome.first() != nullptr; });
}

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
  std::vector<std::string> words, nameless, others;
  std::map<std::string, int> bearers;
  for (const auto& [server, asked] : by_server(all)) {
    const auto identity = identity_of(asked);
    if (identity.empty() && !was_asked_for_its_name(asked)) continue;
    words.push_back(fmt::format("{}: {}", server, identity.empty() ? "no name" : identity));
    if (identity.empty()) nameless.push_back(server);
    const auto encrypted = evidence.identities.find(asked.front()->query.server.address.to_string());
    if (encrypted != evidence.identities.end() && !identity.empty() && !same_form(identity, encrypted->second))
      others.push_back(fmt::format("{} encrypted", encrypted->second));
    ++bearers[identity];
  }
  if (words.empty()) return silent(finding.check, finding.asked, all);
  finding.seen = fmt::format("{}", fmt::join(words, "; "));
  const bool shared = words.size() > 1 && bearers.size() == 1;
  if (nameless.empty() && !shared && !others.empty()) {
    finding.severity = Severity::failure;
    finding.seen += fmt::format("; but {}", fmt::join(others, ", "));
    finding.means = "another server answers in clear than over the encrypted path: a transparent proxy takes plain DNS";
    finding.remedy = go_encrypted;
    return finding;
  }
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

const ClearAnswer* second_opinion(const ClearOutcome& outcome) {
  if (outcome.answers.empty()) return nullptr;
  const auto& first = outcome.answers.front();
  for (const auto& other : outcome.answers)
    if (other.attempt == first.attempt && content_of(other.message) != content_of(first.message)) return &other;
  return nullptr;
}

bool is_proven(const ClearSeen& seen, const ClearAnswer& answer) {
  const auto place = static_cast<std::size_t>(&answer - seen.outcome.answers.data());
  return place < seen.judgements.size() && seen.judgements[place].status == SecurityStatus::secure;
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
    finding.seen = fmt::format("{}: first {}, then {}{}", to_string(seen.query), words_of(*seen.outcome.first()),
                               words_of(other->message), is_proven(seen, *other) ? ", which signatures prove" : "");
    finding.means = "somebody on the path sends false answers ahead of the true ones";
    finding.remedy = go_encrypted;
    break;
  }
  return finding;
}

// path.nxdomain

/// True if the name may have addresses: the encrypted path shows some. No top-level domain of random letters has any.
bool may_exist(const PathEvidence& evidence, const Question& question) {
  const Reference* reference = evidence.reference(question);
  return reference != nullptr ? !addresses_in(reference->message).empty() : question.name.label_count() > 1;
}

Finding judge_nxdomain(const PathEvidence& evidence, const std::string& server, const Seen& asked) {
  Finding finding{.check = "path.nxdomain", .asked = fmt::format("plain DNS to {}: names that cannot exist", server)};
  if (answered(asked) == 0) return silent(finding.check, finding.asked, asked);
  std::set<std::string> addresses;
  for (const auto* seen : asked)
    if (const Message* answer = seen->outcome.first(); answer && !may_exist(evidence, seen->query.question)) {
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

}  // namespace

std::vector<Finding> judge_path(const PathEvidence& evidence) {
  std::vector<Finding> findings{judge_nonserver(evidence), judge_identity(evidence), judge_race(evidence)};
  for (const auto& [server, asked] : by_server(of_check(evidence, "path.nxdomain")))
    findings.push_back(judge_nxdomain(evidence, server, asked));
  std::ranges::move(judge_answers(evidence), std::back_inserter(findings));
  return findings;
}

}  // namespace tacet
