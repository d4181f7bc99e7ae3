#include <doctest/doctest.h>

#include <random>

#include "dns/record_walk.hpp"
#include "unit/dns/wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

const Octets qname = name("www.example.com");  // at 12; "example" at 16, "com" at 24

/// A response to `www.example.com A` whose one answer has this owner and data.
Octets with_answer(const Octets& owner, Type type, const Octets& rdata, Class rclass = Class::in) {
  return header(1, 0x8180, {.answers = 1}) + question(qname) + record(owner, type, 300, rdata, rclass);
}

bool accepted(const Octets& wire) { return index_message(wire).has_value(); }

}  // namespace

TEST_CASE("An indexed message tells header, question, OPT and least TTL") {
  const Octets wire = header(0xBEEF, 0x8583, {.answers = 2, .authorities = 1, .additionals = 2}) +
                      question(qname, Type::https) + record(pointer(12), Type::cname, 300, name("x.example")) +
                      record(name("x.example"), Type::a, 60, address) +
                      record(pointer(24), Type::ns, 7200, pointer(12)) + record(pointer(12), Type::txt, 90, {1, 'x'}) +
                      opt(4096, 0x01008000, tlv(10, {1, 2, 3}));
  const Message message = parsed(wire);
  const MessageIndex& index = message.index();
  CHECK(index.id == 0xBEEF);
  CHECK(index.type == Type::https);
  CHECK(index.qclass == Class::in);
  CHECK(index.question_ends == 12 + qname.size() + 4);
  CHECK(index.minimal_ttl == 60);
  CHECK(index.has(flag::aa));
  CHECK(!index.has(flag::tc));
  REQUIRE(index.has_edns);
  CHECK(index.edns.udp_size == 4096);
  CHECK(index.dnssec_ok());
  CHECK(static_cast<int>(index.rcode()) == 0x13);
  CHECK(index.edns.ends == wire.size());
  CHECK(index.edns.begins == wire.size() - 11 - 7);
  CHECK(message.question() == Question{named("WWW.example.com"), Type::https, Class::in});
  const auto records = message.records();
  REQUIRE(records.size() == 5);
  CHECK(message.name_at(records[0].owner) == named("www.example.com"));
  CHECK(message.name_at(records[2].owner) == named("com"));
  CHECK(message.name_at(records[2].rdata) == named("www.example.com"));
  CHECK(octets(message.rdata(records[1])) == address);
  CHECK(records[2].section == Section::authority);
  CHECK(records[4].type == Type::opt);
}

TEST_CASE("Messages that break the format are malformed") {
  struct Row {
    const char* why;
    Octets wire;
  };
  const Octets plain = header(1, 0x100) + question(qname);
  const Octets self = pointer(12);
  const Row rows[] = {
      {"empty", {}},
      {"header cut", Octets(plain.begin(), plain.begin() + 11)},
      {"no question", header(1, 0x100, {.questions = 0})},
      {"two questions", header(1, 0x100, {.questions = 2}) + question(qname) + question(qname)},
      {"question cut", Octets(plain.begin(), plain.end() - 1)},
      {"trailing octet", plain + Octets{0}},
      {"missing record", header(1, 0x100, {.additionals = 1}) + question(qname)},
      {"question points to itself", header(1, 0x100) + question(self)},
      {"question points backwards", header(1, 0x100) + question(Octets{1, 'a'} + pointer(12))},
      {"question points into the header", header(1, 0x100) + question(pointer(4))},
      {"label type 01", header(1, 0x100) + question({0x41, 0, 0})},
      {"label type 10", header(1, 0x100) + question({0x81, 0, 0})},
      {"question name of 256 octets",
       header(1, 0x100) + question(name(std::string(63, 'x') + "." + std::string(63, 'x') + "." + std::string(63, 'x') +
                                        "." + std::string(62, 'y')))},
      {"owner points to itself", with_answer(pointer(33), Type::a, address)},
      {"owner points forwards", with_answer(pointer(40), Type::a, address)},
      {"owner points behind the end", with_answer(pointer(0x3FFF), Type::a, address)},
      {"owner points into the header", with_answer(pointer(2), Type::a, address)},
      {"owner loops through its own label", with_answer(Octets{1, 'a'} + pointer(33), Type::a, address)},
      {"pointer cut", header(1, 0x8180, {.answers = 1}) + question(qname) + Octets{0xC0}},
      {"A of 5 octets", with_answer(pointer(12), Type::a, {1, 2, 3, 4, 5})},
      {"A of 3 octets", with_answer(pointer(12), Type::a, {1, 2, 3})},
      {"empty A", with_answer(pointer(12), Type::a, {})},
      {"AAAA of 4 octets", with_answer(pointer(12), Type::aaaa, address)},
      {"CNAME with an octet behind", with_answer(pointer(12), Type::cname, name("a") + Octets{0})},
      {"CNAME that overruns its length", with_answer(pointer(12), Type::cname, {5, 'a'})},
      {"empty NS", with_answer(pointer(12), Type::ns, {})},
      {"MX without name", with_answer(pointer(12), Type::mx, {0, 1})},
      {"SOA of one octet too few", with_answer(pointer(12), Type::soa, Octets{0, 0} + Octets(19))},
      {"SOA of one octet too many", with_answer(pointer(12), Type::soa, Octets{0, 0} + Octets(21))},
      {"SRV of 6 octets", with_answer(pointer(12), Type::srv, Octets(6))},
      {"NAPTR with an overrunning string", with_answer(pointer(12), Type::naptr, Octets(4) + Octets{9, 'a', 0, 0, 0})},
      {"RP with one name", with_answer(pointer(12), Type::rp, {0})},
      {"DNSKEY of 3 octets", with_answer(pointer(12), Type::dnskey, {1, 2, 3})},
      {"RRSIG cut in its fixed part", with_answer(pointer(12), Type::rrsig, Octets(17))},
      {"RRSIG with a compressed signer", with_answer(pointer(12), Type::rrsig, Octets(18) + pointer(12))},
      {"NSEC3 with an overrunning salt", with_answer(pointer(12), Type::nsec3, {1, 0, 0, 0, 200, 1})},
      {"HTTPS with a compressed target", with_answer(pointer(12), Type::https, Octets{0, 1} + pointer(12))},
      {"HTTPS with half a parameter", with_answer(pointer(12), Type::https, {0, 1, 0, 0, 1, 0})},
      {"HTTPS with an overrunning value", with_answer(pointer(12), Type::https, {0, 1, 0, 0, 1, 0, 9, 1})},
      {"OPT among the answers", header(1, 0x8180, {.answers = 1}) + question(qname) + opt()},
      {"OPT with an owner",
       header(1, 0x100, {.additionals = 1}) + question(qname) + record(name("a"), Type::opt, 0, {})},
      {"two OPT", header(1, 0x100, {.additionals = 2}) + question(qname) + opt() + opt()},
      {"OPT with an overrunning option",
       header(1, 0x100, {.additionals = 1}) + question(qname) + opt(512, 0, {0, 10, 0, 4, 1})},
      {"OPT with half an option head",
       header(1, 0x100, {.additionals = 1}) + question(qname) + opt(512, 0, {0, 10, 0})},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    const auto index = index_message(row.wire);
    REQUIRE(!index);
    CHECK(index.error().fault == Fault::malformed);
    CHECK(!index.error().detail.empty());
  }
}

TEST_CASE("Unusual but well-formed records pass") {
  CHECK(accepted(with_answer(pointer(12), Type{65280}, {})));
  CHECK(accepted(with_answer(pointer(12), Type{65280}, Octets(3000, 0xFF))));
  CHECK(accepted(with_answer(pointer(12), Type::txt, {200, 'x'})));  // TXT is opaque here
  CHECK(accepted(with_answer(pointer(16), Type::srv, Octets(6) + pointer(16))));
  CHECK(accepted(with_answer(pointer(12), Type::soa, pointer(12) + pointer(16) + Octets(20))));
  CHECK(accepted(with_answer(pointer(12), Type::naptr, Octets(4) + Octets{1, 'u', 0, 0, 0})));
  CHECK(accepted(with_answer(pointer(12), Type::nsec3, {1, 0, 0, 0, 0, 2, 1, 1})));
  CHECK(accepted(with_answer(pointer(12), Type::rrsig, Octets(18) + name("example") + Octets{1, 2})));
  CHECK(accepted(with_answer(pointer(12), Type::https, {0, 1, 0, 0xFF, 0, 0, 0, 0, 1, 0, 0})));  // keys out of order
  CHECK(accepted(with_answer(pointer(12), Type::a, {1, 2, 3, 4, 5, 6}, Class::ch)));
  CHECK(accepted(header(1, 0x100, {.additionals = 1}) + question(name("")) + opt(0, 0x00FF0000)));
}

TEST_CASE("A name grows to 255 octets through pointers and no further") {
  const std::string three_labels =
      std::string(63, 'x') + "." + std::string(63, 'x') + "." + std::string(61, 'x');  // 191 with root
  const Octets head = header(1, 0x8180, {.answers = 1}) + question(name(three_labels));
  const auto owner = [](std::size_t size) {
    return Octets{static_cast<std::uint8_t>(size)} + Octets(size, 'y') + pointer(12);
  };
  CHECK(name(three_labels).size() == 191);
  CHECK(accepted(head + record(owner(63), Type::a, 1, address)));                    // 191 + 64 = 255
  CHECK(!accepted(head + record(Octets{1, 'z'} + owner(63), Type::a, 1, address)));  // 257
  const Message message = parsed(head + record(owner(63), Type::a, 1, address));
  CHECK(message.name_at(message.records()[0].owner).wire().size() == 255);
}

TEST_CASE("A chain of bare pointers is followed only as far as any name needs") {
  // TXT data full of pointers, each to the one before; the last record's owner enters at its end.
  const auto chained = [](unsigned links) {
    Octets wire = header(1, 0x8180, {.answers = 2}) + question(qname);
    const auto data = static_cast<unsigned>(wire.size()) + 2 + 10;
    Octets chain = pointer(12);
    for (unsigned link = 1; link < links; ++link) chain = chain + pointer(data + 2 * (link - 1));
    return wire + record(pointer(12), Type::txt, 1, chain) +
           record(pointer(data + 2 * (links - 1)), Type::a, 1, address);
  };
  CHECK(accepted(chained(100)));
  CHECK(!accepted(chained(200)));
  CHECK(parsed(chained(100)).name_at(parsed(chained(100)).records()[1].owner) == named("www.example.com"));
}

TEST_CASE("A TTL with the top bit set counts as 0 and the OPT's does not count") {
  const Octets wire = header(1, 0x8180, {.answers = 1, .additionals = 1}) + question(qname) +
                      record(pointer(12), Type::a, 0x80000001, address) + opt(512, 0);
  CHECK(index_message(wire)->minimal_ttl == 0);
  CHECK(parsed(wire).records()[0].ttl == 0);
  const Octets no_records = header(1, 0x8180, {.additionals = 1}) + question(qname) + opt(512, 0);
  CHECK(index_message(no_records)->minimal_ttl == 0xFFFFFFFF);
}

TEST_CASE("Every cut and every flipped octet of a rich message is judged without reading past its end") {
  const Octets wire = header(7, 0x8180, {.answers = 3, .authorities = 1, .additionals = 1}) + question(qname) +
                      record(pointer(12), Type::https, 300, Octets{0, 1, 0} + tlv(1, {2, 'h', '2'})) +
                      record(pointer(12), Type::mx, 300, Octets{0, 5} + pointer(16)) +
                      record(pointer(12), Type::naptr, 300, Octets(4) + Octets{1, 'u', 0, 0} + name("a.b")) +
                      record(pointer(16), Type::soa, 300, soa_rdata(pointer(16), 60)) +
                      opt(1232, 0, tlv(12, Octets(9)));
  REQUIRE(accepted(wire));
  for (std::size_t size = 0; size < wire.size(); ++size) {
    const Octets cut(wire.begin(),
                     wire.begin() + static_cast<std::ptrdiff_t>(size));  // exact heap block: ASan sees overreads
    CHECK(!accepted(cut));
  }
  std::mt19937 random(20240601);
  std::size_t survivors = 0;
  for (int round = 0; round < 20000; ++round) {
    Octets changed = wire;
    for (int flips = 1 + round % 3; flips > 0; --flips)
      changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
    const auto message = Message::parse(changed);
    if (!message) continue;
    ++survivors;
    for (const ResourceRecord& record : message->records()) {
      CHECK(message->name_at(record.owner).wire().size() <= Name::max_size);
      CHECK(record.rdata + record.rdata_size <= changed.size());
    }
  }
  CHECK(survivors > 1000);
}

TEST_CASE("Types and RCODEs have names, and numbers where they have none") {
  CHECK(to_string(Type::aaaa) == "AAAA");
  CHECK(to_string(Type{1234}) == "TYPE1234");
  CHECK(to_string(Rcode::nxdomain) == "NXDOMAIN");
  CHECK(to_string(Rcode{17}) == "RCODE17");
  CHECK(type_from_text("https") == Type::https);
  CHECK(type_from_text("CAA") == Type{257});
  CHECK(type_from_text("type65") == Type::https);
  CHECK(type_from_text("TYPE65535") == Type{65535});
  CHECK(!type_from_text("TYPE65536"));
  CHECK(!type_from_text("TYPE"));
  CHECK(!type_from_text("TYPE1x"));
  CHECK(!type_from_text(""));
  CHECK(!type_from_text("TYP"));
}
