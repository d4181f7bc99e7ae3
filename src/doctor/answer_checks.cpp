#include "doctor/answer_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "dns/name_text.hpp"
#include "dns/svcb.hpp"
#include "doctor/authenticity.hpp"
#include "doctor/seen_answers.hpp"

namespace tacet {
namespace {

/// The verdict of the signatures on the first answer, which is the one that a program would take.
Authenticity verdict_on(const ClearSeen& seen, const Reference* reference) {
  const Judgement own = seen.judgements.empty() ? Judgement{} : seen.judgements.front();
  return authenticity_of(*seen.outcome.first(), own, reference);
}

// path.forged

/// "key 20326 of isc.org" proves the records of this type.
std::string proof_of(const Judgement& judgement, Type type) {
  for (const auto& judged : judgement.rrsets)
    if (judged.status == SecurityStatus::secure && (judged.type == type || &judged == &judgement.rrsets.back()))
      return fmt::format("proven by {}{}",
                         judged.key_tag == 0 ? std::string() : fmt::format("key {} of ", judged.key_tag),
                         name_text(judged.zone));
  return "proven";
}

/// "isc.org. A: 10.0.0.1 in clear (its signature by key 7 is wrong); 149.20.1.66 encrypted, proven by key 7 of
/// isc.org".
std::string lie_text(const ClearSeen& seen, const Reference& reference) {
  const auto& why = seen.judgements.front().why;
  return fmt::format("{}: {} in clear ({}); {} encrypted, {}", question_text(seen.query.question),
                     words_of(*seen.outcome.first()), why ? why->text : "no signature", words_of(reference.message),
                     proof_of(reference.judgement, seen.query.question.type));
}

/// The answers of one server to questions for signed names, by verdict.
struct SignedAnswers {
  SignedAnswers(const PathEvidence& evidence, const Seen& asked) {
    for (const auto* seen : asked) {
      if (seen->outcome.first() == nullptr) continue;
      const Reference* reference = evidence.reference(seen->query.question);
      const auto verdict = verdict_on(*seen, reference);
      ++counts[static_cast<std::size_t>(verdict)];
      if (verdict == Authenticity::forged || verdict == Authenticity::contradicted)
        lies.push_back(lie_text(*seen, *reference));
      if (verdict == Authenticity::refused) errors.push_back(words_of(*seen->outcome.first()));
    }
  }

  std::size_t operator[](Authenticity verdict) const { return counts[static_cast<std::size_t>(verdict)]; }
  /// A resolver that never passes signatures on may hold an older answer once. Everything else is proof.
  bool are_forged(bool is_public) const {
    const bool passes_signatures = is_public || (*this)[Authenticity::authentic] > 0;
    return (*this)[Authenticity::forged] > 0 || (*this)[Authenticity::contradicted] >= (passes_signatures ? 1 : 2);
  }
  std::size_t without_signatures() const {
    return (*this)[Authenticity::stripped] + (*this)[Authenticity::contradicted];
  }

  std::array<std::size_t, 6> counts{};
  std::vector<std::string> lies, errors;
};

void judge_stripped(Finding& finding, bool is_public) {
  finding.severity = is_public ? Severity::warning : Severity::note;
  finding.means = is_public ? "somebody on the path answers in this server's place, or removes signatures"
                            : "this resolver passes no signatures on, so nobody behind it can check an answer";
  finding.remedy = is_public ? go_encrypted : "";
}

Finding judge_signed(const PathEvidence& evidence, const std::string& server, const Seen& asked) {
  Finding finding{.check = "path.forged", .asked = fmt::format("plain DNS to {}: signed public names", server)};
  if (answered(asked) == 0) return silent(finding.check, finding.asked, asked);
  const SignedAnswers answers(evidence, asked);
  const bool is_public = asked.front()->query.server_name != own_resolver;
  finding.seen = fmt::format("{} of {} answers proven, {} without signatures", answers[Authenticity::authentic],
                             answered(asked), answers.without_signatures());
  if (answers.are_forged(is_public)) {
    finding.severity = Severity::failure;
    finding.seen = fmt::format("{}", fmt::join(answers.lies, "; "));
    finding.means = "forged: the signatures of the zones prove that these answers are not the owners'";
    finding.remedy = go_encrypted;
  } else if (answers.without_signatures() >= 2) {
    judge_stripped(finding, is_public);
  } else if (answers[Authenticity::refused] == answered(asked)) {
    finding.severity = Severity::warning;
    finding.seen = fmt::format("{}", fmt::join(answers.errors, "; "));
    finding.means = "this server does not answer about signed names";
    finding.remedy = go_encrypted;
  } else if (answers[Authenticity::authentic] > 0) {
    finding.severity = Severity::ok;
    finding.means = "the owners' signatures prove these answers";
  } else {
    finding.means = "there was nothing to check the answers against: the encrypted path gave no proof";
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
    const Reference* reference = evidence.reference(seen->query.question);
    if (answer == nullptr || reference == nullptr || !offers_ech(reference->message)) continue;
    if (answer->index().has(flag::tc)) continue;
    ++offered;
    if (offers_ech(*answer)) ++kept;
  }
  if (offered == 0) {
    if (answered(asked) == 0) return silent(finding.check, finding.asked, asked);
    finding.seen = "the encrypted path shows no ECH to compare with";
    finding.means = "this could not be found out";
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

// path.edns

/// Queries with an OPT record that were answered, or not, beside those without one.
struct EdnsCounts {
  std::size_t plain = 0, with_edns = 0, answered_with_edns = 0, without_opt = 0;

  void add(const ClearSeen& seen) {
    if (seen.query.transport != PlainTransport::udp) return;
    const Message* answer = seen.outcome.first();
    const bool has_edns = seen.query.dnssec || seen.query.nsid;
    if (!has_edns) plain += answer != nullptr ? 1 : 0;
    if (!has_edns) return;
    ++with_edns;
    if (answer == nullptr) return;
    ++answered_with_edns;
    if (!answer->index().has_edns) ++without_opt;
  }
};

std::optional<Finding> judge_edns(const std::string& server, const Seen& asked) {
  EdnsCounts counts;
  for (const auto* seen : asked) counts.add(*seen);
  if (counts.with_edns < 2 || counts.plain < 2) return std::nullopt;
  Finding finding{.check = "path.edns", .asked = fmt::format("plain DNS to {} with EDNS and DO", server)};
  finding.seen = fmt::format("{} of {} answered, {} of them without EDNS", counts.answered_with_edns, counts.with_edns,
                             counts.without_opt);
  if (counts.answered_with_edns == 0) {
    finding.severity = Severity::warning;
    finding.means = "queries with EDNS are dropped and others pass: nobody here can check signatures over plain DNS";
    finding.remedy = go_encrypted;
  } else if (counts.without_opt * 2 > counts.answered_with_edns) {
    finding.severity = Severity::note;
    finding.means = "this server, or a device before it, removes EDNS: signatures and large answers do not pass";
  } else {
    finding.severity = Severity::ok;
    finding.means = "EDNS passes";
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

std::vector<Finding> judge_answers(const PathEvidence& evidence) {
  std::vector<Finding> findings;
  const auto signed_ones = by_server(of_check(evidence, "path.forged"));
  for (const auto& [server, asked] : signed_ones) findings.push_back(judge_signed(evidence, server, asked));
  for (const auto& [server, asked] : by_server(of_check(evidence, "path.ech")))
    findings.push_back(judge_ech(evidence, server, asked));
  Seen all;
  for (const auto& seen : evidence.clear) all.push_back(&seen);
  for (const auto& [server, asked] : by_server(all))
    if (const auto finding = judge_edns(server, asked)) findings.push_back(*finding);
  for (const auto& [server, asked] : by_server(of_check(evidence, "path.tcp53"))) {
    const auto by_udp = std::ranges::find(signed_ones, server, [](const auto& each) { return each.first; });
    findings.push_back(judge_tcp(server, *asked.front(), by_udp != signed_ones.end() && answered(by_udp->second) > 0));
  }
  return findings;
}

}  // namespace tacet
