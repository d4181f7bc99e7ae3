#pragma once
#include "dnssec/judge.hpp"
#include "dnssec/learn.hpp"
#include "unit/dnssec/signed_zone.hpp"

namespace tacet::fixture {

/// A root, a signed "test", a signed "example.test" and an unsigned "plain.test", and a table that trusts the root.
/// The signed zone below the root can have another name.
struct SignedWorld {
  std::string top;
  SignedZone root{""}, tld{top}, example{"example." + top};
  ZoneTable table{7};
  WallTime now = noon;
  ProofBudget budget;

  explicit SignedWorld(std::string_view top_zone = "test", SigningKey key = SigningKey())
      : top(top_zone),
        example("example." + top, std::move(key)) {
    const Ds ds = read_ds(root.ds().rdata);
    table.configure(std::vector{TrustAnchor{Name(), ds}}, {});
  }

  std::variant<Learned, Needs> learn(const Packet& packet) {
    ProofBudget fresh;
    return tacet::learn(packet.message(), table, now, fresh);
  }
  std::variant<Judgement, Needs> judge(const Packet& packet) {
    budget = {};
    return tacet::judge(packet.message(), table, now, budget);
  }

  Packet root_keys() const { return {ask(".", Type::dnskey), 0, root.dnskey()}; }
  Packet keys_of(const SignedZone& zone) const {
    return {{name_of(zone.name()), Type::dnskey, Class::in}, 0, zone.dnskey()};
  }
  Packet ds_of(const SignedZone& zone, const SignedZone& parent) const {
    return {{name_of(zone.name()), Type::ds, Class::in}, 0, parent.sign({zone.ds()})};
  }
  Packet no_ds_of_plain() const {
    const std::string nsec = "plain." + top + ". 300 NSEC z." + top + ". NS RRSIG NSEC";
    return {ask("plain." + top, Type::ds), 0, {}, tld.soa() + tld.sign({nsec})};
  }

  /// Everything about the world's zones becomes known.
  void teach() {
    learn(root_keys());
    learn(ds_of(tld, root));
    learn(keys_of(tld));
    learn(ds_of(example, tld));
    learn(keys_of(example));
    learn(no_ds_of_plain());
  }

  /// The verdict; bogus with a text of its own if something must be learned first.
  Judgement verdict(const Packet& packet) {
    const auto finding = judge(packet);
    if (const Judgement* judgement = std::get_if<Judgement>(&finding)) return *judgement;
    return {SecurityStatus::bogus, ExtendedError{0, "needs " + spelled(std::get<Needs>(finding))}};
  }
  Learned::Outcome outcome(const Packet& packet) { return std::get<Learned>(learn(packet)).outcome; }

  static std::string spelled(const Needs& needs) {
    std::string text;
    for (const Question& question : needs.questions)
      text += (text.empty() ? "" : ", ") + question.name.to_string() + " " + to_string(question.type);
    return text;
  }
  std::string needs(const Packet& packet) {
    const auto finding = judge(packet);
    const Needs* needs = std::get_if<Needs>(&finding);
    return needs == nullptr ? "nothing" : spelled(*needs);
  }
};

}  // namespace tacet::fixture
