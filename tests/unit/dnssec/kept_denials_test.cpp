#include "dnssec/kept_denials.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>

#include "dnssec/canonical.hpp"
#include "unit/dnssec/denial_chain.hpp"
#include "unit/dnssec/signed_world.hpp"

using namespace tacet;
using namespace tacet::fixture;
using namespace std::chrono_literals;

namespace {

const Instant now = Instant() + 1h;

/// Denials of a zone's names by its NSEC records.
struct Denying {
  SignedZone zone{"example.test"};
  Records chain;
  KeptDenials kept;

  explicit Denying(const Owners& owners) : chain(nsec_chain(owners)) {}

  /// As the zone answers it: the SOA and every record of the chain.
  Message denial_of(std::string_view name) const {
    return Packet{ask(name), 3, {}, zone.soa() + signed_each(zone, chain)}.message();
  }
  void keep(std::string_view name, Duration time = 60s) {
    kept.keep(denial_of(name), name_of(zone.name()), now + time);
  }
  bool denies(std::string_view name, Instant at = now) const {
    return kept.find(ask(name), name_of(zone.name()), at).has_value();
  }
};

const Owners small{{"example.test.", "SOA NS"}, {"b.example.test.", "A"}, {"m.example.test.", "A"}};

}  // namespace

TEST_CASE("A kept denial answers for another name of its gap: NXDOMAIN with the signatures and the time that is left") {
  Denying scene(small);
  scene.keep("c.example.test");
  const auto found = scene.kept.find(ask("d.example.test", Type::aaaa), named("example.test"), now + 20s);
  REQUIRE(found);
  CHECK(found->ttl == 40);
  CHECK(found->answer.rcode() == Rcode::nxdomain);
  CHECK(found->answer.question() == ask("d.example.test", Type::aaaa));
  CHECK(found->answer.index().answers == 0);
  CHECK(found->answer.index().authorities == 8);  // SOA, three NSEC, and their signatures
  for (const ResourceRecord& record : found->answer.records()) CHECK(record.ttl <= 40);
  CHECK_FALSE(scene.denies("d.example.test", now + 60s));
  CHECK_FALSE(scene.denies("d.example.test", now + 59500ms));  // less than a second is no time
}

TEST_CASE("What is made of a kept denial is judged secure, as the zone's own answer would be") {
  fixture::SignedWorld world;
  world.teach();
  const Records chain = nsec_chain(small);
  const Packet shown{ask("c.example.test"), 3, {}, world.example.soa() + signed_each(world.example, chain)};
  REQUIRE(world.verdict(shown).status == SecurityStatus::secure);
  KeptDenials kept;
  kept.keep(shown.message(), named("example.test"), now + 60s);
  const auto made = kept.find(ask("k.example.test"), named("example.test"), now);
  REQUIRE(made);
  ProofBudget budget;
  const auto judged = judge(made->answer, world.table, world.now, budget);
  REQUIRE(std::holds_alternative<Judgement>(judged));
  CHECK(std::get<Judgement>(judged).status == SecurityStatus::secure);
}

TEST_CASE("Only a whole denial of a name is kept: not NODATA, not without SOA, not behind an alias, not NSEC3") {
  Denying scene(small);
  const Name zone = named("example.test");
  const Records proof = signed_each(scene.zone, scene.chain);
  const auto keeps = [&](const Packet& packet) {
    scene.kept.keep(packet.message(), zone, now + 60s);
    return !scene.kept.empty();
  };
  CHECK_FALSE(keeps({ask("c.example.test"), 0, {}, scene.zone.soa() + proof}));
  CHECK_FALSE(keeps({ask("c.example.test"), 3, {}, proof}));
  CHECK_FALSE(keeps({ask("c.example.test"), 3, {}, records_from({"example.test. 300 SOA a. b. 1 2 3 4 5"}) + proof}));
  CHECK_FALSE(keeps({ask("a.test"), 3, records_from({"a.test. 300 CNAME c.example.test."}), scene.zone.soa() + proof}));
  CHECK_FALSE(keeps(
      {ask("c.example.test"), 3, {}, scene.zone.soa() + signed_each(scene.zone, nsec3_chain("example.test", small))}));
  CHECK_FALSE(keeps({ask("b.example.test"), 3, {}, scene.zone.soa() + proof}));
  CHECK(keeps({ask("c.example.test"), 3, {}, scene.zone.soa() + proof}));
  scene.kept.forget();
  CHECK(scene.kept.octets() == 0);
  CHECK_FALSE(scene.denies("c.example.test"));
}

TEST_CASE("What is kept is bounded, and the oldest goes first") {
  Owners owners{{"example.test.", "SOA NS"}};
  for (char c = 'a'; c <= 'z'; ++c) owners.push_back({std::string(1, c) + ".example.test.", "A"});
  const SignedZone signer("example.test");
  KeptDenials few(8000);
  const Records chain = nsec_chain(owners);
  const Name zone = named("example.test");
  for (char c = 'a'; c < 'z'; ++c) {
    const auto at = static_cast<std::size_t>(c - 'a');
    const Records two = signer.sign({chain[0]}) + signer.sign({chain[at + 1]});
    few.keep(Packet{ask(std::string{c, '0'} + ".example.test"), 3, {}, signer.soa() + two}.message(), zone, now + 60s);
    CHECK(few.octets() <= 8000);
  }
  CHECK(few.find(ask("y1.example.test"), zone, now));
  CHECK_FALSE(few.find(ask("a1.example.test"), zone, now));
}

TEST_CASE("Whatever a zone holds and whatever was denied before, no name that the zone has is denied (RFC 8198)") {
  std::mt19937 draw(8198);
  const std::vector<std::string> labels{"a", "b", "c", "*", "x-1", "z"};
  const auto some_name = [&] {
    std::string made;
    for (auto left = 1 + draw() % 3; left > 0; --left) made += labels[draw() % labels.size()] + ".";
    return made + "example.test.";
  };
  int denied = 0;
  for (int round = 0; round < 60; ++round) {
    Owners owners{{"example.test.", "SOA NS"}};
    std::set<std::string> cuts;
    for (int left = 1 + static_cast<int>(draw() % 6); left > 0; --left) {
      const std::string name = some_name();
      const bool is_cut = draw() % 4 == 0 && name.find('*') == std::string::npos;
      const bool is_new = std::ranges::find(owners, name, &Owner::name) == owners.end();
      if (is_new) owners.push_back({name, is_cut ? "NS" : draw() % 5 == 0 ? "DNAME" : "A"});
      if (is_new && owners.back().types != "A") cuts.insert(name);
    }
    // Nothing exists below a delegation or a DNAME in the zone itself.
    std::erase_if(owners, [&](const Owner& owner) {
      return std::ranges::any_of(
          cuts, [&](const std::string& cut) { return owner.name != cut && named(owner.name).under(named(cut)); });
    });
    const auto is_there = [&](const Name& name) {  // with records, or as an empty non-terminal
      return std::ranges::any_of(owners, [&](const Owner& owner) { return named(owner.name).under(name); });
    };
    const auto exists = [&](const Name& name) {
      if (is_there(name)) return true;
      for (const std::string& cut : cuts)
        if (name.under(named(cut))) return true;  // another zone may have it
      Name encloser = name.parent();
      while (!is_there(encloser)) encloser = encloser.parent();
      return std::ranges::any_of(owners,
                                 [&](const Owner& owner) { return named(owner.name) == wildcard_below(encloser); });
    };
    Denying scene(owners);
    for (int i = 0; i < 10; ++i) {
      const std::string name = some_name();
      if (!exists(named(name))) scene.keep(name);
    }
    for (int i = 0; i < 60; ++i) {
      const std::string name = some_name();
      if (!scene.denies(name)) continue;
      ++denied;
      CAPTURE(name);
      CHECK_FALSE(exists(named(name)));
    }
  }
  CHECK(denied > 100);
}
