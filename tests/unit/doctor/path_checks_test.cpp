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
  return {std::move(query), {.sent = {}, .answers = {}, .trouble = Error{Fault::timeout, "no answer"}}};
}

ClearSeen seen(ClearQuery query, const std::vector<Record>& records, Rcode rcode = Rcode::noerror) {
  ClearSeen made{std::move(query), {}};
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
  CHECK(the(judge_path({.clear = {seen(nowhere, {truth})}}), "path.nonserver").severity == Severity::failure);
  const auto honest = std::vector{unanswered(nowhere), seen(a_query("path.forged", cloudflare), {truth})};
  CHECK(the(judge_path({.clear = honest}), "path.nonserver").severity == Severity::ok);
  CHECK(the(judge_path({.clear = {unanswered(nowhere)}}), "path.nonserver").severity == Severity::unknown);
}

TEST_CASE("Servers of two operators have two names") {
  const auto verdict = [](std::string_view one, std::string_view other) {
    return the(judge_path({.clear = {identity(cloudflare, one), identity(quad9, other)}}), "path.identity").severity;
  };
  CHECK(verdict("FRA", "res100.fra.rrdns.pch.net") == Severity::ok);
  CHECK(verdict("router", "router") == Severity::failure);
  CHECK(verdict("", "") == Severity::failure);
  CHECK(verdict("FRA", "") == Severity::failure);
}

TEST_CASE("A second answer that differs is a race, and a repeated one is not") {
  auto raced = seen(a_query("path.forged", cloudflare), {lie});
  raced.outcome.answers.push_back({answer(raced.query.question, {truth}), 0, {}});
  CHECK(the(judge_path({.clear = {raced}}), "path.race").severity == Severity::failure);
  auto repeated = seen(a_query("path.forged", cloudflare), {truth});
  repeated.outcome.answers.push_back(repeated.outcome.answers.front());
  CHECK(the(judge_path({.clear = {repeated}}), "path.race").severity == Severity::ok);
  auto later_sending = raced;
  later_sending.outcome.answers.back().attempt = 1;
  CHECK(the(judge_path({.clear = {later_sending}}), "path.race").severity == Severity::ok);
}

TEST_CASE("Addresses for a name that cannot exist are a lie") {
  const auto query = a_query("path.nxdomain", router);
  CHECK(the(judge_path({.clear = {seen(query, {lie})}}), "path.nxdomain").severity == Severity::failure);
  CHECK(the(judge_path({.clear = {seen(query, {}, Rcode::nxdomain)}}), "path.nxdomain").severity == Severity::ok);
  CHECK(the(judge_path({.clear = {unanswered(query)}}), "path.nxdomain").severity == Severity::unknown);
}

TEST_CASE("Signatures decide whether an answer is forged, and different addresses do not") {
  PathEvidence evidence{.clear = {seen(a_query("path.forged", cloudflare), {lie, signature})},
                        .encrypted = {answer({canary, Type::a}, {truth, signature})}};
  CHECK(the(judge_path(evidence), "path.forged").severity == Severity::unknown);
  evidence.authenticity = [](const Message&) { return Authenticity::authentic; };
  CHECK(the(judge_path(evidence), "path.forged").severity == Severity::ok);
  evidence.authenticity = [](const Message&) { return Authenticity::forged; };
  const auto forged = the(judge_path(evidence), "path.forged");
  CHECK(forged.severity == Severity::failure);
  CHECK(forged.seen.find("10.0.0.1 in clear") != std::string::npos);
}

TEST_CASE("Missing signatures are a warning at a public server, and a note at the network's own") {
  const auto stripped = [](ClearQuery query) {
    PathEvidence evidence{
        .encrypted = {answer({canary, Type::a}, {truth, signature}), answer({canary, Type::aaaa}, {truth, signature})}};
    auto other = query;
    other.question.type = Type::aaaa;
    evidence.clear = {seen(query, {truth}), seen(other, {truth})};
    return the(judge_path(evidence), "path.forged").severity;
  };
  CHECK(stripped(a_query("path.forged", cloudflare)) == Severity::warning);
  auto own = a_query("path.forged", router);
  own.server_name = "the network's own resolver";
  CHECK(stripped(own) == Severity::note);
}

TEST_CASE("ECH counts as removed only where the encrypted path has it") {
  const auto verdict = [](const Record& plain, const Record& encrypted) {
    return the(judge_path({.clear = {seen(a_query("path.ech", router, Type::https), {plain})},
                           .encrypted = {answer({canary, Type::https}, {encrypted})}}),
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
    return the(judge_path({.clear = {udp, unanswered(by_tcp)}}), "path.tcp53").severity;
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
    CHECK(query.server.address != "192.168.1.3");
    CHECK(Message::parse(wire_of(query, 7))->id() == 7);
  }
  for (const auto& question : reference_questions(plan))
    CHECK(std::ranges::count_if(reference_questions(plan), [&](const auto& other) { return other == question; }) == 1);
}
