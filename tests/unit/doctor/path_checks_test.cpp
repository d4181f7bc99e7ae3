#include "doctor/path_checks.hpp"

#include <doctest/doctest.h>

#include <array>

#include "dns/message_builder.hpp"
#include "doctor/path_plan.hpp"

using namespace tacet;

namespace {

const Name canary = Name::from_text("isc.org").value();
const SocketAddress cloudflare{.address = "1.1.1.1"}, quad9{.address = "9.9.9.9"}, router{.address = "192.168.1.1"};

struct Record {
  Type type;
  std::vector<std::uint8_t> rdata;
};
const Record truth{Type::a, {149, 20, 1, 66}}, lie{Type::a, {10, 0, 0, 1}};
const Record signature{Type::rrsig, std::vector<std::uint8_t>(40)};
/// 1 . ech=… : priority 1, the root as target, key 5.
const Record with_ech{Type::https, {0, 1, 0, 0, 5, 0, 4, 0, 2, 0, 0}}, without_ech{Type::https, {0, 1, 0}};

Message answer(const Question& question, const std::vector<Record>& records, Rcode rcode = Rcode::noerror) {
  MessageBuilder builder(question);
  for (const auto& record : records) {
    builder.begin_record({.owner = question.name, .type = record.type, .rclass = question.qclass, .ttl = 60});
    builder.octets(record.rdata);
    builder.end_record();
  }
  return Message::parse(builder.finish(static_cast<std::uint16_t>(flag::qr | static_cast<std::uint16_t>(rcode))))
      .value();
}

ClearQuery a_query(std::string check, const SocketAddress& server, Type type = Type::a) {
  return {.check = std::move(check), .server_name = "somebody", .server = server, .question = {canary, type}};
}

ClearSeen unanswered(ClearQuery query) {
  return {.query = std::move(query),
          .outcome = {.sent = {}, .answers = {}, .trouble = Error{Fault::timeout, "no answer"}},
          .judgements = {}};
}

ClearSeen seen(ClearQuery query, const std::vector<Record>& records, Rcode rcode = Rcode::noerror) {
  ClearSeen made{.query = std::move(query), .outcome = {}, .judgements = {}};
  made.outcome.answers.push_back({answer(made.query.question, records, rcode), 0, {}});
  return made;
}

Finding the(const std::vector<Finding>& findings, std::string_view check) {
  for (const auto& finding : findings)
    if (finding.check == check) return finding;
  FAIL("no finding for ", check);
  return {};
}

Record text(std::string_view words) {
  std::vector<std::uint8_t> rdata{static_cast<std::uint8_t>(words.size())};
  rdata.insert(rdata.end(), words.begin(), words.end());
  return {Type::txt, rdata};
}

ClearSeen identity(const SocketAddress& server, std::string_view name) {
  auto query = a_query("path.identity", server, Type::txt);
  query.question.qclass = Class::ch;
  return name.empty() ? seen(query, {}, Rcode::refused) : seen(query, {text(name)});
}

}  // namespace

TEST_CASE("An answer from an address without a server is an interception") {
  const auto nowhere = a_query("path.nonserver", {.address = "192.0.2.53"});
  CHECK(the(judge_path({.clear = {seen(nowhere, {truth})}, .encrypted = {}}), "path.nonserver").severity ==
        Severity::failure);
  const auto honest = std::vector{unanswered(nowhere), seen(a_query("path.forged", cloudflare), {truth})};
  CHECK(the(judge_path({.clear = honest, .encrypted = {}}), "path.nonserver").severity == Severity::ok);
  CHECK(the(judge_path({.clear = {unanswered(nowhere)}, .encrypted = {}}), "path.nonserver").severity ==
        Severity::unknown);
}

TEST_CASE("Servers of two operators have two names") {
  const auto verdict = [](std::string_view one, std::string_view other) {
    return the(judge_path({.clear = {identity(cloudflare, one), identity(quad9, other)}, .encrypted = {}}),
               "path.identity")
        .severity;
  };
  CHECK(verdict("FRA", "res100.fra.rrdns.pch.net") == Severity::ok);
  CHECK(verdict("router", "router") == Severity::failure);
  CHECK(verdict("", "") == Severity::failure);
  CHECK(verdict("FRA", "") == Severity::failure);
}

TEST_CASE("A server has a name of the same form in clear and encrypted") {
  const auto verdict = [](std::string_view plain, const char* encrypted) {
    PathEvidence evidence{.clear = {identity(cloudflare, plain)}, .encrypted = {}};
    evidence.identities = {{"1.1.1.1", encrypted}};
    return the(judge_path(evidence), "path.identity").severity;
  };
  CHECK(verdict("FRA", "MUC") == Severity::ok);
  CHECK(verdict("FRA01", "FRA") == Severity::ok);
  CHECK(verdict("router", "FRA") == Severity::failure);
  CHECK(verdict("res100.fra.pch.net", "res7.muc.pch.net") == Severity::ok);
  CHECK(verdict("res100.fra.isp.example", "res7.muc.pch.net") == Severity::failure);
}

TEST_CASE("A second answer that differs is a race, and a repeated one is not") {
  auto raced = seen(a_query("path.forged", cloudflare), {lie});
  raced.outcome.answers.push_back({answer(raced.query.question, {truth}), 0, {}});
  CHECK(the(judge_path({.clear = {raced}, .encrypted = {}}), "path.race").severity == Severity::failure);
  auto repeated = seen(a_query("path.forged", cloudflare), {truth});
  repeated.outcome.answers.push_back(repeated.outcome.answers.front());
  CHECK(the(judge_path({.clear = {repeated}, .encrypted = {}}), "path.race").severity == Severity::ok);
  auto later_sending = raced;
  later_sending.outcome.answers.back().attempt = 1;
  CHECK(the(judge_path({.clear = {later_sending}, .encrypted = {}}), "path.race").severity == Severity::ok);
}

TEST_CASE("Addresses for a name that cannot exist are a lie") {
  const auto query = a_query("path.nxdomain", router);
  CHECK(the(judge_path({.clear = {seen(query, {lie})}, .encrypted = {}}), "path.nxdomain").severity == Severity::ok);
  const PathEvidence proven{.clear = {seen(query, {lie})},
                            .encrypted = {{answer(query.question, {}, Rcode::nxdomain), {}}}};
  CHECK(the(judge_path(proven), "path.nxdomain").severity == Severity::failure);
  auto of_root = query;
  of_root.question.name = Name::from_text("ghijkl").value();
  CHECK(the(judge_path({.clear = {seen(of_root, {lie})}, .encrypted = {}}), "path.nxdomain").severity ==
        Severity::failure);
  CHECK(the(judge_path({.clear = {seen(query, {}, Rcode::nxdomain)}, .encrypted = {}}), "path.nxdomain").severity ==
        Severity::ok);
  CHECK(the(judge_path({.clear = {unanswered(query)}, .encrypted = {}}), "path.nxdomain").severity ==
        Severity::unknown);
}

namespace {

const Judgement secure{.status = SecurityStatus::secure}, unsigned_zone{.status = SecurityStatus::insecure};
Judgement bogus(std::uint16_t code = ede::dnssec_bogus) {
  return {.status = SecurityStatus::bogus, .why = ExtendedError{code, "it is wrong"}};
}

/// A plain answer at this server, judged, beside the true one.
PathEvidence with_reference(ClearQuery query, const std::vector<Record>& records, const Judgement& judgement) {
  PathEvidence evidence{.clear = {seen(std::move(query), records)},
                        .encrypted = {{answer({canary, Type::a}, {truth, signature}), secure}}};
  evidence.clear.front().judgements = {judgement};
  return evidence;
}

void add_other_name(PathEvidence& evidence, const std::vector<Record>& records, const Judgement& judgement) {
  const Name other = Name::from_text("nic.cz").value();
  ClearQuery query = evidence.clear.front().query;
  query.question.name = other;
  evidence.clear.push_back(seen(query, records));
  evidence.clear.back().judgements = {judgement};
  evidence.encrypted.push_back({answer({other, Type::a}, {truth, signature}), secure});
}

ClearQuery of_own_resolver() {
  auto query = a_query("path.forged", router);
  query.server_name = own_resolver;
  return query;
}

Severity forged(const PathEvidence& evidence) { return the(judge_path(evidence), "path.forged").severity; }

}  // namespace

TEST_CASE("Signatures decide whether an answer is forged, and different addresses do not") {
  const auto query = a_query("path.forged", cloudflare);
  CHECK(forged(with_reference(query, {truth, signature}, secure)) == Severity::ok);
  CHECK(forged(with_reference(query, {lie, signature}, secure)) == Severity::ok);
  CHECK(forged(with_reference(query, {lie}, unsigned_zone)) == Severity::unknown);
  CHECK(forged(with_reference(query, {lie, signature}, bogus(ede::signature_expired))) == Severity::unknown);
  const auto evidence = with_reference(query, {lie, signature}, bogus());
  const auto finding = the(judge_path(evidence), "path.forged");
  CHECK(finding.severity == Severity::failure);
  CHECK(finding.seen.find("10.0.0.1 in clear (it is wrong); 149.20.1.66 encrypted") != std::string::npos);
}

TEST_CASE("Without a proven answer on the encrypted path nothing counts as forged") {
  auto evidence = with_reference(a_query("path.forged", cloudflare), {lie, signature}, bogus());
  evidence.encrypted.front().judgement = bogus();
  CHECK(forged(evidence) == Severity::unknown);
  evidence.encrypted.clear();
  CHECK(forged(evidence) == Severity::unknown);
}

TEST_CASE("An answer without signatures is forged if it says something else than the proven one") {
  CHECK(forged(with_reference(a_query("path.forged", cloudflare), {lie}, bogus(ede::rrsigs_missing))) ==
        Severity::failure);
  auto old = with_reference(of_own_resolver(), {lie}, bogus(ede::rrsigs_missing));
  CHECK(forged(old) == Severity::unknown);
  add_other_name(old, {lie}, bogus(ede::rrsigs_missing));
  CHECK(forged(old) == Severity::failure);
}

TEST_CASE("Missing signatures are a warning at a public server, and a note at the network's own") {
  const auto stripped = [](const ClearQuery& query) {
    auto evidence = with_reference(query, {truth}, bogus(ede::rrsigs_missing));
    add_other_name(evidence, {truth}, bogus(ede::rrsigs_missing));
    return forged(evidence);
  };
  CHECK(stripped(a_query("path.forged", cloudflare)) == Severity::warning);
  CHECK(stripped(of_own_resolver()) == Severity::note);
}

TEST_CASE("A server that has only errors for signed names is a warning, and a cut answer is none") {
  auto query = a_query("path.forged", router);
  CHECK(forged({.clear = {seen(query, {}, Rcode::servfail)}, .encrypted = {}}) == Severity::warning);
  auto cut = with_reference(query, {}, bogus(ede::nsec_missing));
  const auto flags = static_cast<std::uint16_t>(flag::qr | flag::tc);
  cut.clear.front().outcome.answers.front().message =
      Message::parse(MessageBuilder(query.question).finish(flags)).value();
  CHECK(forged(cut) == Severity::unknown);
}

TEST_CASE("EDNS that a path drops or removes is told apart") {
  const auto verdict = [](bool passes) {
    PathEvidence evidence;
    for (int i = 0; i < 2; ++i) {
      evidence.clear.push_back(seen(a_query("path.nxdomain", router), {}, Rcode::nxdomain));
      auto query = a_query("path.forged", router);
      query.dnssec = true;
      evidence.clear.push_back(passes ? seen(query, {truth}) : unanswered(query));
    }
    return the(judge_path(evidence), "path.edns").severity;
  };
  CHECK(verdict(false) == Severity::warning);
  CHECK(verdict(true) == Severity::note);
}

TEST_CASE("ECH counts as removed only where the encrypted path has it") {
  const auto verdict = [](const Record& plain, const Record& encrypted) {
    return the(judge_path({.clear = {seen(a_query("path.ech", router, Type::https), {plain})},
                           .encrypted = {{answer({canary, Type::https}, {encrypted}), {}}}}),
               "path.ech")
        .severity;
  };
  CHECK(verdict(without_ech, with_ech) == Severity::warning);
  CHECK(verdict(with_ech, with_ech) == Severity::ok);
  CHECK(verdict(without_ech, without_ech) == Severity::unknown);
}

TEST_CASE("TCP that does not pass matters only where UDP does") {
  auto by_tcp = a_query("path.tcp53", router);
  by_tcp.transport = PlainTransport::tcp;
  const auto verdict = [&](const ClearSeen& udp) {
    return the(judge_path({.clear = {udp, unanswered(by_tcp)}, .encrypted = {}}), "path.tcp53").severity;
  };
  CHECK(verdict(seen(a_query("path.forged", router), {truth})) == Severity::note);
  CHECK(verdict(unanswered(a_query("path.forged", router))) == Severity::unknown);
}

TEST_CASE("A plan asks only for canaries and random names, sixty queries at most") {
  const auto& canaries = built_in_canaries();
  const auto plan =
      plan_path(canaries, {{router, {.address = "192.168.1.2"}, {.address = "192.168.1.3"}}, {"abcdef", "ghijkl"}});
  CHECK(plan.size() <= most_clear_queries);
  for (const auto& query : plan) {
    const bool listed = std::ranges::find(canaries.signed_names, query.question.name) != canaries.signed_names.end() ||
                        std::ranges::find(canaries.ech_names, query.question.name) != canaries.ech_names.end();
    const auto name = query.question.name.to_string();
    CHECK((listed || name == "." || name == "id.server." || name == "ghijkl." || name.starts_with("abcdef.")));
    CHECK(query.server.address != IpAddress("192.168.1.3"));
    CHECK(Message::parse(wire_of(query, 7))->id() == 7);
  }
  for (const auto& question : reference_questions(plan))
    CHECK(std::ranges::count_if(reference_questions(plan), [&](const auto& other) { return other == question; }) == 1);
}
