// Drives learn() and judge() by a series of choices: true answers of a signed world come in any order, changed by an
// attacker, and time passes. Nothing that the world does not have is ever secure, and only its unsigned zone is
// insecure.
#include <set>

#include "fuzz/property.hpp"
#include "unit/dnssec/signed_world.hpp"

using namespace tacet;
using namespace tacet::fixture;
using fuzz::Choices;
using fuzz::require;

namespace {

constexpr unsigned nxdomain = 3;

/// The world and all that it says. Signed once.
struct TrueWorld {
  SignedWorld world;
  std::vector<Packet> packets;
  std::set<std::pair<Octets, Octets>> records;  ///< owner, type and data of what its zones have
  std::vector<Name> names;                      ///< that exist in signed zones

  TrueWorld() {
    const auto& example = world.example;
    const Records www = example.sign({"www.example.test. 300 A 192.0.2.1"});
    const Records alias = example.sign({"alias.example.test. 300 CNAME www.example.test."});
    const Records out = example.sign({"out.example.test. 300 CNAME a.plain.test."});
    const Records plain = records_from({"a.plain.test. 300 A 192.0.2.2"});
    const Records apex = example.sign({"example.test. 300 NSEC alias.example.test. SOA NS RRSIG NSEC DNSKEY"});
    const Records last = example.sign({"www.example.test. 300 NSEC example.test. A RRSIG NSEC"});
    packets = {world.root_keys(),
               world.ds_of(world.tld, world.root),
               world.keys_of(world.tld),
               world.ds_of(example, world.tld),
               world.keys_of(example),
               world.no_ds_of_plain(),
               {ask("www.example.test"), 0, www},
               {ask("alias.example.test"), 0, alias + www},
               {ask("out.example.test"), 0, out + plain},
               {ask("a.plain.test"), 0, plain},
               {ask("zzz.example.test"), nxdomain, {}, example.soa() + last + apex},
               {ask("www.example.test", Type::txt), 0, {}, example.soa() + last},
               {ask("www.example.test", Type::ds), 0, {}, example.soa() + last}};
    for (const Packet& packet : packets)
      for (const Record& record : packet.answer + packet.authority) records.insert(key_of(record));
    for (const char* name : {"www.example.test", "alias.example.test", "out.example.test", "example.test", "test"})
      names.push_back(named(name));
  }

  /// Without case, which the names of old types may change.
  static std::pair<Octets, Octets> key_of(const Record& record) {
    return {folded(record.owner), u16(static_cast<unsigned>(record.type)) + folded(record.rdata)};
  }
  static Octets folded(Octets octets) {
    for (std::uint8_t& octet : octets) octet = fold(octet);
    return octets;
  }
};

const TrueWorld& truth() {
  static const TrueWorld world;
  return world;
}

void change(Packet& packet, Choices& choices) {
  Records& section = choices.chance() ? packet.answer : packet.authority;
  switch (choices.below(8)) {
    case 0:
      if (!section.empty()) section.erase(section.begin() + std::ptrdiff_t(choices.below(section.size())));
      return;
    case 1: {
      if (section.empty()) return;
      Record& record = section[choices.below(section.size())];
      if (!record.rdata.empty())
        record.rdata[choices.below(record.rdata.size())] ^= static_cast<std::uint8_t>(1U << choices.below(8));
      return;
    }
    case 2: {
      const Packet& other = truth().packets[choices.below(truth().packets.size())];
      section = section + (choices.chance() ? other.answer : other.authority);
      return;
    }
    case 3:
      packet.rcode ^= nxdomain;
      return;
    case 4:
      packet.question = truth().packets[choices.below(truth().packets.size())].question;
      return;
    case 5:
      if (!section.empty())
        section[choices.below(section.size())].owner =
            octets(truth().packets[choices.below(truth().packets.size())].question.name.wire());
      return;
    case 6:
      if (!section.empty()) section[choices.below(section.size())].ttl = choices.u16();
      return;
    default:
      std::swap(packet.answer, packet.authority);
  }
}

void check(const Packet& packet, const Judgement& judgement) {
  if (judgement.status == SecurityStatus::secure) {
    for (const Record& record : packet.answer)
      require(record.type == Type::rrsig || truth().records.contains(TrueWorld::key_of(record)),
              "what is secure is true");
    if (packet.rcode == nxdomain)
      require(std::ranges::find(truth().names, packet.question.name) == truth().names.end() || !packet.answer.empty(),
              "what exists is never securely denied");
  }
  if (judgement.status == SecurityStatus::insecure) {
    const bool plain = std::ranges::any_of(judgement.rrsets, [](const JudgedRRset& rrset) {
      return rrset.status == SecurityStatus::insecure && rrset.owner.under(named("plain.test"));
    });
    require(plain, "only what is in the unsigned zone is insecure");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  Choices choices({input, size});
  ZoneTable table(1);
  table.configure(std::vector(truth().world.table.anchors().begin(), truth().world.table.anchors().end()), {});
  WallTime now = noon;
  for (int steps = 0; steps < 24 && !choices.empty(); ++steps) {
    Packet packet = truth().packets[choices.below(truth().packets.size())];
    for (std::size_t changes = choices.below(3); changes > 0; --changes) change(packet, choices);
    ProofBudget budget;
    const auto received = Message::parse(packet.wire());
    if (!received) continue;
    const Message& message = *received;
    if (packet.question.type == Type::ds || packet.question.type == Type::dnskey) learn(message, table, now, budget);
    const auto finding = judge(message, table, now, budget);
    if (const Judgement* judgement = std::get_if<Judgement>(&finding))
      check(packet, *judgement);
    else
      require(!std::get<Needs>(finding).questions.empty(), "needs have questions");
    if (choices.below(8) == 0) now += std::chrono::minutes(choices.below(120));
  }
  for (const char* name : {"test", "example.test", "."})
    if (const ProvenZone* zone = table.find(named(name), now))
      require(zone->state == ZoneState::keyed || zone->state == ZoneState::delegated, "a signed zone stays signed");
  return 0;
}
