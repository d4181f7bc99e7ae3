#include <doctest/doctest.h>

#include <random>
#include <string>

#include "unit/dns/image_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("Names whose compression led into removed records are written anew") {
  // The RRSIG between the answers holds "example.com" uncompressed and the last records point into it.
  const Octets before =
      header(1, response, {.answers = 4, .authorities = 1, .additionals = 1}) + question(name("a.test.net"), Type::mx);
  const Octets mx1 = record(pointer(12), Type::mx, 300, Octets{0, 10} + name("mail.test.org"));
  const auto signer = static_cast<unsigned>(before.size() + mx1.size() + 2 + 10 + 18);  // of "example.com"
  const Octets wire =
      before + mx1 + record(pointer(12), Type::rrsig, 300, rrsig_rdata(Type::mx)) +
      record(pointer(12), Type::mx, 300, Octets{0, 20} + Octets{4, 'm', 'a', 'i', 'l'} + pointer(signer)) +
      record(pointer(14), Type::srv, 300, Octets(6) + pointer(signer)) +
      record(pointer(signer), Type::soa, 300, soa_rdata(pointer(signer + 8), 60)) + opt();
  const AnswerImage image = image_of(wire);
  const Octets expected = header(0, 0x8080, {.answers = 3, .authorities = 1}) + question(name("a.test.net"), Type::mx) +
                          record(pointer(12), Type::mx, 300, Octets{0, 10} + name("mail.test.org")) +
                          record(pointer(12), Type::mx, 300, Octets{0, 20} + name("mail.example.com")) +
                          record(pointer(14), Type::srv, 300,
                                 Octets(6) + name("example.com"));  // SRV targets are not compressed (RFC 2782)
  const Octets head(image.wire.begin(), image.wire.begin() + static_cast<std::ptrdiff_t>(expected.size()));
  CHECK(head == expected);
  std::string kept = lines(wire);
  const std::size_t sig_at = kept.find("RRSIG");
  const std::size_t line_at = kept.rfind('\n', sig_at) + 1;
  kept.erase(line_at, kept.find('\n', sig_at) + 1 - line_at);
  CHECK(lines(image.wire) == kept);
}

TEST_CASE("Every type with names in its data survives a rebuild as ldns reads it") {
  const Octets p = pointer(16);
  const std::pair<Type, Octets> rdatas[] = {
      {Type::ns, p},
      {Type::cname, p},
      {Type::ptr, p},
      {Type::dname, p},
      {Type::mb, p},
      {Type::mg, p},
      {Type::mr, p},
      {Type::minfo, p + p},
      {Type::rp, p + p},
      {Type::mx, Octets{0, 1} + p},
      {Type::rt, Octets{0, 1} + p},
      {Type::afsdb, Octets{0, 1} + p},
      {Type::kx, Octets{0, 1} + p},
      {Type::px, Octets{0, 1} + p + p},
      {Type::srv, Octets(6, 1) + p},
      {Type::soa, p + p + Octets(20, 2)},
      {Type::naptr, Octets(4) + Octets{1, 'u', 1, 's', 0} + p},
      {Type::https, Octets{0, 1, 0} + tlv(1, {2, 'h', '2'})},
      {Type::txt, Octets{3, 0xC0, 12, 0}},
      {Type::a, address},
  };
  for (const auto& [type, rdata] : rdatas) {
    CAPTURE(to_string(type));
    // The removed NSEC in front forces the rebuild.
    const Octets wire = header(1, response, {.answers = 2}) + question(qname, type) +
                        record(pointer(12), Type::nsec, 300, name("z.example.com") + Octets{0, 1, 0x40}) +
                        record(pointer(12), type, 300, rdata);
    const AnswerImage image = image_of(wire);
    const std::string all = lines(wire);
    CHECK(lines(image.wire) == all.substr(all.find('\n') + 1));
    CHECK(index_message(image.wire)->answers == 1);
  }
}

TEST_CASE("Rebuilding keeps the case of every name") {
  const Octets wire = header(1, response, {.answers = 3}) + question(qname) +
                      record(pointer(12), Type::rrsig, 300, rrsig_rdata(Type::a)) +
                      record(name("WWW.example.com"), Type::cname, 300, name("x.EXAMPLE.com")) +
                      record(name("x.EXAMPLE.com"), Type::a, 300, address);
  const Message image = parsed(image_of(wire).wire);
  CHECK(image.name_at(image.records()[0].owner).to_string() == "WWW.example.com.");
  CHECK(image.name_at(image.records()[1].owner).to_string() == "x.EXAMPLE.com.");
}

TEST_CASE("Rebuilding never points at names that 14 bits cannot reach") {
  const Octets filler(20000, 'f');
  const Octets late = name("late.example.org");
  const Octets wire = header(1, response, {.answers = 4}) + question(qname) +
                      record(pointer(12), Type::rrsig, 300, rrsig_rdata(Type::a)) +
                      record(pointer(12), Type{65280}, 300, filler) + record(late, Type::a, 300, address) +
                      record(late, Type::a, 300, address);
  CHECK(image_of(wire).wire == header(0, 0x8080, {.answers = 3}) + question(qname) +
                                   record(pointer(12), Type{65280}, 300, filler) + record(late, Type::a, 300, address) +
                                   record(late, Type::a, 300, address));
}

TEST_CASE("Unknown and random RDATA passes bit-exact, by cut and by rebuild") {
  std::mt19937 random(3597);
  const auto random_octets = [&](std::size_t size) {
    Octets octets(size);
    for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(random());
    return octets;
  };
  const Octets nsec = record(pointer(12), Type::nsec, 300, name("z.example.com") + Octets{0, 1, 0x40});
  for (int round = 0; round < 1000; ++round) {
    const Type type{static_cast<std::uint16_t>(round % 2 == 0 ? 65280 + round % 250 : 16)};
    const Octets unknown = record(pointer(12), type, 300, random_octets(random() % 600));
    const Octets cut = header(1, response, {.answers = 1, .additionals = 1}) + question(qname, type) + unknown + opt();
    const Octets rebuilt =
        header(1, response, {.answers = 2, .additionals = 1}) + question(qname, type) + nsec + unknown + opt();
    const Octets expected = header(0, 0x8080, {.answers = 1}) + question(qname, type) + unknown;
    REQUIRE(image_of(cut).wire == expected);
    REQUIRE(image_of(rebuilt).wire == expected);
  }
}

TEST_CASE("SVCB parameters pass bit-exact, known or not, in order or not") {
  const Octets params = tlv(65280, {0xDE, 0xAD}) + tlv(5, Octets(70, 0xEC)) + tlv(1, {2, 'h', '3'}) + tlv(2, {});
  const Octets https = record(pointer(12), Type::https, 300, Octets{0, 1} + name("Svc.example") + params);
  const Octets nsec = record(pointer(12), Type::nsec, 300, name("z.example.com") + Octets{0, 1, 0x40});
  const Octets expected = header(0, 0x8080, {.answers = 1}) + question(qname, Type::https) + https;
  CHECK(image_of(header(1, response, {.answers = 1}) + question(qname, Type::https) + https).wire == expected);
  CHECK(image_of(header(1, response, {.answers = 2}) + question(qname, Type::https) + nsec + https).wire == expected);
}

TEST_CASE("An answer that only forbidden compression kept small becomes SERVFAIL instead of too large") {
  const std::string x(63, 'x');
  const Octets long_name = name(x + "." + x + "." + x + "." + std::string(59, 'x'));
  Octets wire = header(1, response, {.answers = 801}) + question(long_name, Type::srv) +
                record(pointer(12), Type::rrsig, 300, rrsig_rdata(Type::srv));
  for (int i = 0; i < 800; ++i) wire = wire + record(pointer(12), Type::srv, 300, Octets(6) + pointer(12));
  const AnswerImage image = image_of(wire);
  CHECK(image.wire == header(0, 0x8082) + question(long_name, Type::srv));
  CHECK(image.kind == AnswerKind::failure);
  CHECK(image.ttl == 0);
}

TEST_CASE("Whatever index accepts makes an image that index accepts") {
  std::mt19937 random(8767);
  const Octets wire = header(7, response, {.answers = 3, .authorities = 2, .additionals = 1}) +
                      question(qname, Type::mx) + record(pointer(12), Type::mx, 300, Octets{0, 5} + pointer(16)) +
                      record(pointer(12), Type::rrsig, 300, rrsig_rdata(Type::mx)) +
                      record(pointer(12), Type::naptr, 200, Octets(4) + Octets{1, 'u', 0, 0} + name("a.b")) +
                      record(pointer(16), Type::soa, 300, soa_rdata(pointer(16), 60)) +
                      record(pointer(16), Type::nsec3, 300, {1, 0, 0, 0, 0, 2, 1, 1}) + opt();
  int survivors = 0;
  for (int round = 0; round < 20000; ++round) {
    Octets changed = wire;
    for (int flips = round % 4; flips > 0; --flips)
      changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
    const auto message = Message::parse(changed);
    if (!message) continue;
    ++survivors;
    for (const bool dnssec_ok : {false, true}) {
      const AnswerImage image = make_image(*message, dnssec_ok);
      const auto index = index_message(image.wire);
      REQUIRE(index);
      REQUIRE(!index->has_edns);
      REQUIRE(image.ttl_offsets.size() == std::size_t{index->answers} + index->authorities + index->additionals);
    }
  }
  CHECK(survivors > 5000);
}
