#include <doctest/doctest.h>

#include <string>

#include "unit/dns/image_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("An image has no ID, no hop-by-hop flags and no OPT") {
  const Octets wire = header(0x1234, 0x85B0, {.answers = 1, .additionals = 1}) + question(qname) +
                      record(pointer(12), Type::a, 300, address) + opt(4096, 0, tlv(15, {0, 3}) + tlv(12, Octets(9)));
  const AnswerImage image = image_of(wire);
  CHECK(image.wire == header(0, 0x80A0, {.answers = 1}) + question(qname) + record(pointer(12), Type::a, 300, address));
  CHECK(image.kind == AnswerKind::positive);
  CHECK(image.ttl == 300);
  CHECK(image.ttl_offsets == std::vector<std::uint16_t>{12 + 17 + 4 + 6});
  CHECK(image.extended_error == ExtendedError{3, ""});
}

TEST_CASE("Names that lean on a TTL do not change as it ages") {
  constexpr unsigned ttl_at = 12 + 17 + 4 + 6;
  const std::uint32_t spells_a = 0x01610000;  // "a." as octets
  const Octets first = record(pointer(12), Type::a, spells_a, address);
  for (const Octets& second :
       {record(pointer(ttl_at), Type::aaaa, 300, Octets(16, 1)), record(pointer(12), Type::cname, 300, pointer(ttl_at)),
        record(pointer(12), Type::ns, 300, Octets{1, 'b'} + pointer(ttl_at + 2))}) {
    const Octets asked = header(1, response, {.answers = 2}) + question(qname) + first + second;
    const AnswerImage image = image_of(asked);
    CHECK(lines(image.wire) == lines(asked));
    Octets aged = image.wire;
    for (const std::uint16_t at : image.ttl_offsets) store32(aged, at, 0xFFFFFF);
    CHECK(index_message(aged));
  }
}

TEST_CASE("TTL and kind follow RFC 2308 and RFC 2181") {
  struct Row {
    const char* what;
    Octets wire;
    AnswerKind kind;
    std::uint32_t ttl;
  };
  const auto with = [](unsigned flags, Counts counts, const Octets& records, Type type = Type::a) {
    return header(1, flags, counts) + question(qname, type) + records;
  };
  const auto a = [](std::uint32_t ttl) { return record(pointer(12), Type::a, ttl, address); };
  const auto soa = [](std::uint32_t ttl, std::uint32_t minimum) {
    return record(pointer(16), Type::soa, ttl, soa_rdata(pointer(16), minimum));
  };
  const auto cname = [](std::uint32_t ttl) { return record(pointer(12), Type::cname, ttl, name("x.example")); };
  const auto dname = [](const Octets& owner) { return record(owner, Type::dname, 300, name("example")); };
  const Octets ns = record(pointer(16), Type::ns, 50, name("ns.example"));
  using enum AnswerKind;
  const Row rows[] = {
      {"one record", with(response, {.answers = 1}, a(300)), positive, 300},
      {"least of several", with(response, {.answers = 2}, cname(50) + a(300)), positive, 50},
      {"an extra's does not count", with(response, {.answers = 1, .authorities = 1}, a(300) + ns), positive, 300},
      {"nor does an SOA's beside a positive answer",
       with(response, {.answers = 1, .authorities = 1}, a(300) + soa(9, 9)), positive, 300},
      {"a TTL of 0", with(response, {.answers = 1}, a(0)), positive, 0},
      {"a TTL with the top bit set", with(response, {.answers = 1}, a(0x80000100)), positive, 0},
      {"a 0 elsewhere", with(response, {.answers = 2}, cname(0) + record(name("x.example"), Type::a, 60, address)),
       positive, 0},
      {"CNAME asked for", with(response, {.answers = 1}, cname(70), Type::cname), positive, 70},
      {"DNAME asked for", with(response, {.answers = 1}, dname(name("WWW.example.com")), Type::dname), positive, 300},
      {"DNAME asked for, behind a CNAME",
       with(response, {.answers = 2}, cname(70) + dname(name("x.example")), Type::dname), positive, 70},
      {"DNAME asked for, below another one",
       with(response, {.answers = 2, .authorities = 1}, dname(pointer(16)) + cname(300) + soa(900, 60), Type::dname),
       nodata, 60},
      {"ANY", with(response, {.answers = 1}, cname(70), Type::any), positive, 70},
      {"positive SOA keeps its TTL", with(response, {.answers = 1}, soa(900, 60), Type::soa), positive, 900},
      {"NXDOMAIN by MINIMUM", with(response | 3, {.authorities = 1}, soa(900, 60)), nxdomain, 60},
      {"NXDOMAIN by the SOA's TTL", with(response | 3, {.authorities = 1}, soa(30, 60)), nxdomain, 30},
      {"NXDOMAIN behind a CNAME", with(response | 3, {.answers = 1, .authorities = 1}, cname(20) + soa(30, 60)),
       nxdomain, 20},
      {"NXDOMAIN without SOA", with(response | 3, {}, {}), nxdomain, 0},
      {"NXDOMAIN with NS only", with(response | 3, {.authorities = 1}, ns), nxdomain, 0},
      {"NXDOMAIN, MINIMUM 0", with(response | 3, {.authorities = 1}, soa(900, 0)), nxdomain, 0},
      {"NXDOMAIN, MINIMUM with the top bit", with(response | 3, {.authorities = 1}, soa(900, 0xFFFFFFFF)), nxdomain, 0},
      {"NODATA", with(response, {.authorities = 1}, soa(900, 60)), nodata, 60},
      {"NODATA without SOA", with(response, {}, {}), nodata, 0},
      {"NODATA with NS only, of a resolver", with(response, {.authorities = 1}, ns), nodata, 0},
      {"a referral", with(0x8100, {.authorities = 1}, ns), failure, 0},
      {"CNAME to NODATA", with(response, {.answers = 1, .authorities = 1}, cname(40) + soa(900, 60)), nodata, 40},
      {"CNAME to NODATA by MINIMUM", with(response, {.answers = 1, .authorities = 1}, cname(400) + soa(900, 60)),
       nodata, 60},
      {"CNAME alone", with(response, {.answers = 1}, cname(40)), nodata, 0},
      {"an SOA among the answers does not count", with(response, {.answers = 1}, soa(900, 60)), nodata, 0},
      {"SERVFAIL", with(response | 2, {}, {}), failure, 0},
      {"REFUSED with records", with(response | 5, {.answers = 1}, a(300)), failure, 0},
      {"truncated", with(response | flag::tc, {.answers = 1}, a(300)), positive, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const AnswerImage image = image_of(row.wire);
    CHECK(image.kind == row.kind);
    CHECK(image.ttl == row.ttl);
    const MessageIndex index = index_message(image.wire).value();
    CHECK(image.ttl_offsets.size() == index.answers + index.authorities + 0U);
    CHECK(index.has(flag::tc) == ((load16(row.wire, 2) & flag::tc) != 0));
  }
}

TEST_CASE("A referral denies nothing: it becomes a SERVFAIL that says so") {
  const AnswerImage image = image_of(header(1, 0x8100, {.authorities = 1}) + question(qname) +
                                     record(pointer(16), Type::ns, 300, Octets{2, 'n', 's'} + pointer(16)));
  CHECK(image.wire == header(0, 0x8082) + question(qname));
  CHECK(image.extended_error ==
        ExtendedError{ede::no_reachable_authority, "the server refers to others, and does not ask them itself"});
}

TEST_CASE("The SOA of a negative answer is sent on with the negative TTL") {
  const AnswerImage image = image_of(header(1, response | 3, {.authorities = 1}) + question(qname) +
                                     record(pointer(16), Type::soa, 900, soa_rdata(pointer(16), 60)));
  CHECK(image.wire == header(0, 0x8083, {.authorities = 1}) + question(qname) +
                          record(pointer(16), Type::soa, 60, soa_rdata(pointer(16), 60)));
}

TEST_CASE("Extras that would outlive their TTL in the cache are left out, and the answer is kept as long as its own") {
  const Octets a = record(pointer(12), Type::a, 300, address);
  const auto ns = [](std::uint32_t ttl) {
    return record(pointer(16), Type::ns, ttl, Octets{2, 'n', 's'} + pointer(16));
  };
  const auto glue = [](std::string_view of, std::uint32_t ttl) {
    return record(name(of), Type::a, ttl, {192, 0, 2, 53});
  };
  const Octets asked = question(qname);
  const auto image = [&](Counts counts, const Octets& extras) {
    return image_of(header(1, response, counts) + asked + a + extras + opt(1232, 0x00008000));
  };
  for (const std::uint32_t ttl : {0U, 1U, 299U, 0x80000000U, 0xFFFFFFFFU}) {
    CAPTURE(ttl);
    const AnswerImage kept = image({.answers = 1, .authorities = 1, .additionals = 3},
                                   ns(300) + glue("b.example", ttl) + glue("c.example", 300));
    CHECK(kept.ttl == 300);
    CHECK(kept.wire == header(0, 0x8080, {.answers = 1, .authorities = 1, .additionals = 1}) + asked + a + ns(300) +
                           glue("c.example", 300));
  }
  const AnswerImage no_servers =
      image({.answers = 1, .authorities = 1, .additionals = 2}, ns(5) + glue("b.example", 600));
  CHECK(no_servers.ttl == 300);
  CHECK(no_servers.wire == header(0, 0x8080, {.answers = 1, .additionals = 1}) + asked + a + glue("b.example", 600));
}

TEST_CASE("An answer that is not kept anyhow passes with all its extras") {
  const Octets wire = header(1, response, {.answers = 1, .additionals = 1}) + question(qname) +
                      record(pointer(12), Type::a, 0, address) + record(name("ns.example"), Type::a, 0, address);
  CHECK(image_of(wire).ttl == 0);
  CHECK(image_of(wire).ttl_offsets.size() == 2);
}

TEST_CASE("A denial counts for how long an answer is kept, for it is proved by it") {
  const Octets a = record(pointer(12), Type::a, 300, address);
  const auto denial = [](Type type, const Octets& rdata) { return record(pointer(16), type, 60, rdata); };
  for (const Octets& extra :
       {denial(Type::nsec, name("z.example.com") + Octets{0, 1, 0x40}),
        denial(Type::nsec3, Octets{1, 0, 0, 0, 0, 2, 7, 7, 0, 1, 0x40}), denial(Type::rrsig, rrsig_rdata(Type::nsec))})
    CHECK(image_of(header(1, response, {.answers = 1, .authorities = 1}) + question(qname) + a + extra, true).ttl ==
          60);
  const Octets signature = denial(Type::rrsig, rrsig_rdata(Type::ns));
  CHECK(image_of(header(1, response, {.answers = 1, .authorities = 1}) + question(qname) + a + signature, true).ttl ==
        300);
}

TEST_CASE("Records of one RRset get its least TTL, whatever stands between them") {
  const auto a = [](const Octets& owner, std::uint32_t ttl, std::uint8_t last) {
    return record(owner, Type::a, ttl, {192, 0, 2, last});
  };
  const Octets aaaa = record(pointer(12), Type::aaaa, 500, Octets(16));
  const Octets wire = header(1, response, {.answers = 4}) + question(qname, Type::any) + a(pointer(12), 300, 1) + aaaa +
                      a(name("WWW.EXAMPLE.COM"), 100, 2) + a(pointer(16), 700, 3);
  const AnswerImage image = image_of(wire);
  CHECK(image.ttl == 100);
  CHECK(image.wire == header(0, 0x8080, {.answers = 4}) + question(qname, Type::any) + a(pointer(12), 100, 1) + aaaa +
                          a(name("WWW.EXAMPLE.COM"), 100, 2) + a(pointer(16), 700, 3));
}

TEST_CASE("RRSIGs that cover different types are no one RRset") {
  const Octets wire = header(1, response, {.answers = 2}) + question(qname, Type::any) +
                      record(pointer(12), Type::rrsig, 300, rrsig_rdata(Type::a)) +
                      record(pointer(12), Type::rrsig, 100, rrsig_rdata(Type::aaaa));
  const auto records = parsed(image_of(wire, true).wire).records();
  CHECK(records[0].ttl == 300);
  CHECK(records[1].ttl == 100);
}

TEST_CASE("An extended RCODE concerns the upstream hop only and becomes SERVFAIL") {
  const AnswerImage image =
      image_of(header(1, response | 7, {.additionals = 1}) + question(qname) + opt(1232, 0x01000000));
  CHECK(image.wire == header(0, 0x8082) + question(qname));
  CHECK(image.kind == AnswerKind::failure);
}

TEST_CASE("Authenticating records reach only who set DO or asked for them") {
  const Octets sig = record(pointer(12), Type::rrsig, 300, rrsig_rdata(Type::a));
  const Octets nsec = record(pointer(12), Type::nsec, 300, name("z.example.com") + Octets{0, 1, 0x40});
  const Octets nsec3 = record(pointer(16), Type::nsec3, 300, {1, 0, 0, 0, 0, 2, 1, 1});
  const Octets dnskey = record(pointer(12), Type::dnskey, 300, Octets(8));
  const auto types_for = [&](Type asked, bool dnssec_ok) {
    const Octets wire = header(1, response, {.answers = 3, .authorities = 2}) + question(qname, asked) +
                        record(pointer(12), Type::a, 300, address) + sig + dnskey + nsec + nsec3;
    std::vector<Type> types;
    for (const ResourceRecord& record : parsed(image_of(wire, dnssec_ok).wire).records()) types.push_back(record.type);
    return types;
  };
  using Types = std::vector<Type>;
  const Types all{Type::a, Type::rrsig, Type::dnskey, Type::nsec, Type::nsec3};
  CHECK(types_for(Type::a, true) == all);
  CHECK(types_for(Type::any, false) == all);
  CHECK(types_for(Type::a, false) == Types{Type::a, Type::dnskey});
  CHECK(types_for(Type::rrsig, false) == Types{Type::a, Type::rrsig, Type::dnskey});
  CHECK(types_for(Type::nsec, false) == Types{Type::a, Type::dnskey, Type::nsec});
}

TEST_CASE("TSIG and SIG(0) stay behind, other SIG records do not") {
  const Octets sig0 = record({0}, Type::sig, 0, Octets(18) + Octets{0, 1}, Class::any);
  const Octets sig = record(pointer(12), Type::sig, 300, Octets{0, 1} + Octets(16) + Octets{0, 1});
  const Octets tsig = record(name("key"), Type::tsig, 0, Octets(20), Class::any);
  const Octets a = record(pointer(12), Type::a, 300, address);
  const AnswerImage image =
      image_of(header(1, response, {.answers = 2, .additionals = 3}) + question(qname) + a + sig + opt() + sig0 + tsig);
  CHECK(image.wire == header(0, 0x8080, {.answers = 2}) + question(qname) + a + sig);
  CHECK(image.ttl == 300);
}
