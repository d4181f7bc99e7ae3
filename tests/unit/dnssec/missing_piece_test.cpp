#include "dnssec/missing_piece.hpp"

#include <doctest/doctest.h>

#include "dns/edns.hpp"
#include "unit/dnssec/signed_world.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

/// A signed alias and its target; "www" is an alias of "web".
struct Scene : fixture::SignedWorld {
  Records alias = example.sign({"www.example.test. 300 CNAME web.example.test."});
  Records target = example.sign({"web.example.test. 300 A 192.0.2.1"});
  Records bare = records_from({"www.example.test. 300 CNAME web.example.test."});
  Packet lossy{ask("www.example.test"), 0, bare + target};

  Scene() {
    teach();
    learn({ask("www.example.test", Type::ds),
           0,
           {},
           example.soa() + example.sign({"www.example.test. 300 NSEC z.example.test. CNAME RRSIG NSEC"})});
  }
};

}  // namespace

TEST_CASE("A lost signature of an alias is a question of its own, and its answer makes the whole one secure") {
  Scene scene;
  const Judgement lacking = scene.verdict(scene.lossy);
  REQUIRE(lacking.status == SecurityStatus::bogus);
  const auto piece = missing_piece(scene.lossy.question, lacking);
  REQUIRE(piece);
  CHECK(*piece == ask("www.example.test", Type::cname));
  const auto whole = completed(scene.lossy.message(), Packet{*piece, 0, scene.alias}.message());
  REQUIRE(whole);
  CHECK(whole->question() == scene.lossy.question);
  ProofBudget budget;
  const auto judged = judge(*whole, scene.table, scene.now, budget);
  REQUIRE(std::holds_alternative<Judgement>(judged));
  CHECK(std::get<Judgement>(judged).status == SecurityStatus::secure);
  const AnswerImage image = make_image(*whole, false);
  CHECK(Message::parse(image.wire)->index().answers == 2);
}

TEST_CASE("An alias whose target is not in the answer is continued by the target's own answer, or by its denial") {
  Scene scene;
  scene.learn({ask("web.example.test", Type::ds),
               0,
               {},
               scene.example.soa() + scene.example.sign({"web.example.test. 300 NSEC z.example.test. A RRSIG NSEC"})});
  const Packet cut_off{ask("www.example.test"), 0, scene.alias};
  const auto piece = missing_piece(cut_off.question, scene.verdict(cut_off));
  REQUIRE(piece);
  CHECK(*piece == ask("web.example.test"));
  const auto verdict_with = [&](const Packet& rest) {
    const auto whole = completed(cut_off.message(), rest.message());
    REQUIRE(whole);
    CHECK(whole->question() == cut_off.question);
    CHECK(whole->records().at(0).type == Type::cname);
    CHECK(static_cast<unsigned>(whole->rcode()) == rest.rcode);
    ProofBudget budget;
    const auto judged = judge(*whole, scene.table, scene.now, budget);
    return std::get<Judgement>(judged).status;
  };
  CHECK(verdict_with({*piece, 0, scene.target}) == SecurityStatus::secure);
  CHECK(verdict_with({*piece, 0,
                      scene.example.sign({"web.example.test. 300 CNAME end.example.test."}) +
                          scene.example.sign({"end.example.test. 300 A 192.0.2.1"})}) == SecurityStatus::secure);
  const Records apex = scene.example.sign({"example.test. 300 NSEC web.example.test. SOA NS RRSIG NSEC"});
  const Records gone = scene.example.soa() + scene.example.sign({"w.example.test. 300 NSEC x.example.test. A RRSIG"});
  CHECK(verdict_with({*piece, 3, {}, gone + apex}) == SecurityStatus::secure);
  CHECK(verdict_with(
            {*piece,
             0,
             {},
             scene.example.soa() + scene.example.sign({"web.example.test. 300 NSEC z.example.test. MX RRSIG"})}) ==
        SecurityStatus::secure);
  CHECK(verdict_with({*piece, 3, {}, scene.example.soa()}) == SecurityStatus::bogus);
  CHECK_FALSE(completed(cut_off.message(), Packet{*piece, 2}.message()));
}

TEST_CASE("A piece that leads elsewhere is used with its signature, and the rest does not belong to it any more") {
  Scene scene;
  const Packet piece{ask("www.example.test", Type::cname), 0,
                     scene.example.sign({"www.example.test. 300 CNAME else.example.test."})};
  const auto whole = completed(scene.lossy.message(), piece.message());
  REQUIRE(whole);
  ProofBudget budget;
  const auto judged = judge(*whole, scene.table, scene.now, budget);
  const Judgement* verdict = std::get_if<Judgement>(&judged);
  CHECK((verdict == nullptr || verdict->status == SecurityStatus::bogus));
}

TEST_CASE("No piece is asked for if something else is wrong, or if it is the question itself") {
  Scene scene;
  const Packet plain{ask("web.example.test"), 0, records_from({"web.example.test. 300 A 192.0.2.1"})};
  CHECK_FALSE(missing_piece(plain.question, scene.verdict(plain)));
  const Packet wrong{
      ask("www.example.test"), 0,
      scene.example.sign({"www.example.test. 300 CNAME web.example.test."}, {.wrong = true}) + scene.target};
  REQUIRE(scene.verdict(wrong).status == SecurityStatus::bogus);
  CHECK_FALSE(missing_piece(wrong.question, scene.verdict(wrong)));
  CHECK_FALSE(missing_piece(scene.lossy.question, {.status = SecurityStatus::secure}));
  CHECK_FALSE(completed(scene.lossy.message(), Packet{ask("www.example.test", Type::cname), 0, {}}.message()));
  CHECK_FALSE(completed(scene.lossy.message(), Packet{ask("www.example.test", Type::cname), 2, scene.alias}.message()));
}
