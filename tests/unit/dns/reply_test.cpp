#include "dns/reply.hpp"

#include <doctest/doctest.h>

#include <array>

#include "dns/answer_image.hpp"
#include "dns/fault_table.hpp"
#include "unit/dns/wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

const Octets qname = name("www.example.com");

/// A kept answer of one A record; and of `spare` more octets in a second record, if any.
AnswerImage kept(std::uint32_t ttl = 300, unsigned flags = 0x8180, const Octets& spare = {}) {
  const unsigned more = spare.empty() ? 0 : 1;
  Octets wire = header(1, flags, {.answers = 1 + more}) + question(qname) + record(pointer(12), Type::a, ttl, address);
  if (more) wire = wire + record(pointer(12), Type{65280}, ttl, spare);
  return make_image(parsed(wire), true);
}

struct Sent {
  const AnswerImage& image;
  std::uint32_t age = 0;
  std::uint32_t min_ttl = 0, max_ttl = 86400;
  std::optional<std::uint32_t> fixed_ttl = std::nullopt;
  std::optional<std::uint16_t> error = std::nullopt;
  std::string_view text = {};
  std::size_t limit = 65535;
};

Octets reply_to(const Octets& query, const Sent& sent) {
  const MessageIndex index = index_message(query).value();
  const ReplySource source{.image = sent.image.wire,
                           .ttl_offsets = sent.image.ttl_offsets,
                           .age = sent.age,
                           .min_ttl = sent.min_ttl,
                           .max_ttl = sent.max_ttl,
                           .fixed_ttl = sent.fixed_ttl,
                           .extended_error = sent.error,
                           .extended_error_text = sent.text};
  const ReplyRequest request{.query = query, .index = index, .limit = sent.limit};
  Octets out(std::min<std::size_t>(sent.limit, 4096));  // exact block: ASan sees what is written behind it
  out.resize(write_reply(source, request, out));
  return out;
}

Octets query(unsigned flags = 0x0100, const Octets& owner = qname) { return header(0x4242, flags) + question(owner); }
Octets edns_query(std::uint32_t ttl_field = 0, unsigned flags = 0x0100) {
  return header(0x4242, flags, {.additionals = 1}) + question(qname) + opt(4096, ttl_field, tlv(10, Octets(8)));
}

std::uint32_t ttl_in(const Octets& reply) { return parsed(reply).records().at(0).ttl; }

}  // namespace

TEST_CASE("A reply has the client's ID and the question's own octets") {
  const Octets mixed = name("wWw.EXAMPLE.cOm");
  CHECK(reply_to(query(0x0100, mixed), {kept()}) ==
        header(0x4242, 0x8180, {.answers = 1}) + question(mixed) + record(pointer(12), Type::a, 300, address));
}

TEST_CASE("Header bits come from image and client as the table says") {
  struct Row {
    const char* what;
    unsigned image, query;
    bool dnssec_ok;
    unsigned reply;
  };
  const Row rows[] = {
      {"RD not set", 0x8180, 0x0000, false, 0x8080},
      {"RD and CD copied", 0x8180, 0x0110, false, 0x8190},
      {"AD kept for who set AD", 0x81A0, 0x0120, false, 0x81A0},
      {"AD kept for who set DO", 0x81A0, 0x0100, true, 0x81A0},
      {"AD cleared for all others", 0x81A0, 0x0100, false, 0x8180},
      {"AD is never made up", 0x8180, 0x0120, true, 0x8180},
      {"the upstream's CD and RD are not the client's", 0x8190, 0x0000, false, 0x8080},
      {"AA of upstreams is cleared", 0x8580, 0x0100, false, 0x8180},
      {"Z is not repeated", 0x81C0, 0x0140, false, 0x8180},
      {"RCODE kept", 0x8183, 0x0100, false, 0x8183},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const AnswerImage image = kept(300, row.image);
    const Octets reply = reply_to(row.dnssec_ok ? edns_query(0x8000, row.query) : query(row.query), {image});
    CHECK(load16(reply, 2) == row.reply);
  }
}

TEST_CASE("TTLs are clamped, then aged, and never fall below 0") {
  struct Row {
    std::uint32_t original, age, min, max, shown;
  };
  const Row rows[] = {
      {300, 0, 0, 86400, 300},      {300, 1, 0, 86400, 299},
      {300, 299, 0, 86400, 1},      {300, 300, 0, 86400, 0},
      {300, 301, 0, 86400, 0},      {300, 0xFFFFFFFF, 0, 86400, 0},
      {1, 0, 0, 86400, 1},          {1, 1, 0, 86400, 0},
      {10, 5, 60, 86400, 55},       {10, 60, 60, 86400, 0},
      {90000, 10, 0, 86400, 86390}, {0, 0, 60, 86400, 0},
      {300, 0, 600, 60, 60},        {0x7FFFFFFF, 0, 0, 0x7FFFFFFF, 0x7FFFFFFF},
  };
  for (const Row& row : rows) {
    CAPTURE(row.original);
    CAPTURE(row.age);
    const AnswerImage image = kept(row.original);
    CHECK(ttl_in(reply_to(query(), {.image = image, .age = row.age, .min_ttl = row.min, .max_ttl = row.max})) ==
          row.shown);
  }
}

TEST_CASE("A stale answer shows its fixed TTL whatever its age") {
  const AnswerImage image = kept(300);
  CHECK(ttl_in(reply_to(query(), {.image = image, .age = 4000, .fixed_ttl = 30})) == 30);
}

TEST_CASE("EDNS clients get an OPT of our own, others none") {
  const AnswerImage image = kept();
  const Octets answer = question(qname) + record(pointer(12), Type::a, 300, address);
  CHECK(reply_to(edns_query(), {image}) ==
        header(0x4242, 0x8180, {.answers = 1, .additionals = 1}) + answer + opt(1232, 0));
  CHECK(reply_to(edns_query(0x8000), {image}) ==
        header(0x4242, 0x8180, {.answers = 1, .additionals = 1}) + answer + opt(1232, 0x8000));
  CHECK(reply_to(query(), {.image = image, .error = 3}) == header(0x4242, 0x8180, {.answers = 1}) + answer);
}

TEST_CASE("An extended error goes to EDNS clients with its text") {
  const AnswerImage image = kept();
  const Octets stale = tlv(15, {0, 3, 'o', 'l', 'd'});
  CHECK(reply_to(edns_query(), {.image = image, .error = 3, .text = "old"}) ==
        header(0x4242, 0x8180, {.answers = 1, .additionals = 1}) + question(qname) +
            record(pointer(12), Type::a, 300, address) + opt(1232, 0, stale));
}

TEST_CASE("The size limit takes the error's text, then the error, then the records, each at its exact octet") {
  const AnswerImage image = kept(300, 0x8180, Octets(400));
  const std::size_t bare = image.wire.size();
  const auto sent = [&](std::size_t limit) {
    return parsed(reply_to(edns_query(), {.image = image, .error = 3, .text = "old", .limit = limit}));
  };
  struct Row {
    std::size_t limit;
    bool text, error, truncated;
  };
  const Row rows[] = {
      {bare + 11 + 6 + 3, true, true, false},
      {bare + 11 + 6 + 2, false, true, false},
      {bare + 11 + 6, false, true, false},
      {bare + 11 + 5, false, false, false},
      {bare + 11, false, false, false},
      {bare + 10, false, false, true},
      {bare, false, false, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.limit - bare);
    const Message reply = sent(row.limit);
    const auto error = extended_error_of(reply);
    CHECK(reply.wire().size() <= row.limit);
    CHECK(error.has_value() == row.error);
    CHECK((error && error->text == "old") == row.text);
    CHECK(reply.index().has(flag::tc) == row.truncated);
    CHECK(reply.index().answers == (row.truncated ? 1 : 2));
    CHECK(reply.index().has_edns);
  }
  CHECK(octets(sent(bare).wire()) == header(0x4242, 0x8380, {.answers = 1, .additionals = 1}) + question(qname) +
                                         record(pointer(12), Type::a, 300, address) + opt(1232, 0));
}

TEST_CASE(
    "A truncated answer has the whole answer records that fit, in their order and with their age, and no others") {
  const Octets alias = name("www.example.net");
  Octets wire = header(1, 0x8180, {.answers = 61, .authorities = 1, .additionals = 1}) + question(qname) +
                record(pointer(12), Type::cname, 300, alias);
  const auto target = pointer(static_cast<unsigned>(wire.size() - alias.size()));
  for (std::uint8_t i = 0; i < 60; ++i) wire = wire + record(target, Type::a, 60, {192, 0, 2, i});
  wire = wire + record(pointer(12), Type::ns, 300, pointer(12)) + record(pointer(12), Type::a, 300, address);
  const AnswerImage image = make_image(parsed(wire), true);
  const std::size_t first_ends = header_size + qname.size() + 4 + 12 + alias.size();
  for (const bool edns : {false, true}) {
    const std::size_t opt_size = edns ? 11 : 0;
    for (std::size_t limit = 33 + opt_size; limit < 1000; ++limit) {
      const Octets request = edns ? edns_query() : query();
      const Octets octets = reply_to(request, {.image = image, .age = 7, .error = 3, .limit = limit});
      CHECK(octets.size() <= limit);
      const Message reply = parsed(octets);
      const std::size_t room = limit - opt_size;
      const std::size_t expected = room < first_ends ? 0 : 1 + (room - first_ends) / 16;
      REQUIRE(reply.index().answers == expected);
      CHECK(reply.index().authorities == 0);
      CHECK(reply.index().additionals == (edns ? 1 : 0));
      CHECK(reply.index().has_edns == edns);
      CHECK(reply.index().has(flag::tc));
      const auto records = reply.records();
      for (std::size_t i = 0; i < expected; ++i) {
        CHECK(records[i].type == (i == 0 ? Type::cname : Type::a));
        CHECK(records[i].ttl == (i == 0 ? 293 : 53));
        if (i > 0) CHECK(reply.rdata(records[i]).back() == i - 1);
      }
    }
  }
}

TEST_CASE("A negative answer that is too large has nothing but TC") {
  const Octets wire = header(1, 0x8183, {.authorities = 1}) + question(qname) +
                      record(pointer(12), Type::soa, 300, soa_rdata(name("ns.example.com"), 60));
  const AnswerImage image = make_image(parsed(wire), true);
  CHECK(reply_to(query(), {.image = image, .limit = image.wire.size() - 1}) ==
        header(0x4242, 0x8383) + question(qname));
}

TEST_CASE("Without EDNS an answer of exactly the limit is whole and one octet more is truncated") {
  const AnswerImage image = kept(300, 0x8180, Octets(400));
  const std::size_t size = image.wire.size();
  CHECK(reply_to(query(), {.image = image, .limit = size}).size() == size);
  CHECK(reply_to(query(), {.image = image, .limit = size - 1}) ==
        header(0x4242, 0x8380, {.answers = 1}) + question(qname) + record(pointer(12), Type::a, 300, address));
}

TEST_CASE("The largest message of all still gets its beginning back over TCP when there is no room for an OPT") {
  AnswerImage image = kept(300, 0x8180, Octets(65535 - 49 - 12));
  REQUIRE(image.wire.size() == 65535);
  const MessageIndex index = index_message(edns_query()).value();
  const Octets request_wire = edns_query();
  const ReplyRequest request{.query = request_wire, .index = index, .limit = 65535};
  Octets out(65535);
  const ReplySource source{.image = image.wire, .ttl_offsets = image.ttl_offsets};
  out.resize(write_reply(source, request, out));
  CHECK(out == header(0x4242, 0x8380, {.answers = 1, .additionals = 1}) + question(qname) +
                   record(pointer(12), Type::a, 300, address) + opt(1232, 0));
}

TEST_CASE("A buffer too small for the question writes nothing, and so does a foreign image") {
  const AnswerImage image = kept();
  CHECK(reply_to(query(), {.image = image, .limit = 32}).empty());
  CHECK(reply_to(query(), {.image = image, .limit = 33}).size() == 33);
  CHECK(reply_to(header(1, 0) + question(name("longer.than.www.example.com.and.what.it.holds.x.y")), {image}).empty());
  CHECK(reply_to(header(1, 0) + question(qname, Type::aaaa), {image}).empty());
}

TEST_CASE("The UDP limit is 512 without EDNS, else what is advertised between 512 and 1232") {
  const auto limit = [](unsigned advertised) {
    return udp_limit(index_message(header(1, 0, {.additionals = 1}) + question(qname) + opt(advertised)).value());
  };
  CHECK(udp_limit(index_message(query()).value()) == 512);
  CHECK(limit(0) == 512);
  CHECK(limit(512) == 512);
  CHECK(limit(800) == 800);
  CHECK(limit(1232) == 1232);
  CHECK(limit(65535) == 1232);
}

TEST_CASE("Local errors carry question, RCODE and the extended error for EDNS clients") {
  const auto error_to = [](const Octets& query, Rcode rcode, const std::optional<ExtendedError>& error,
                           std::size_t limit) {
    const MessageIndex index = index_message(query).value();
    std::array<std::uint8_t, 512> out;
    const std::size_t size = write_error({.query = query, .index = index, .limit = limit}, rcode, error, out);
    return octets(Bytes(out).first(size));
  };
  const ExtendedError error{22, "no"};
  CHECK(error_to(query(0x0110), Rcode::servfail, error, 512) == header(0x4242, 0x8192) + question(qname));
  CHECK(error_to(edns_query(0x8000), Rcode::servfail, error, 512) ==
        header(0x4242, 0x8182, {.additionals = 1}) + question(qname) + opt(1232, 0x8000, tlv(15, {0, 22, 'n', 'o'})));
  CHECK(error_to(edns_query(), Rcode::servfail, error, 33 + 11 + 6) ==
        header(0x4242, 0x8182, {.additionals = 1}) + question(qname) + opt(1232, 0, tlv(15, {0, 22})));
  CHECK(error_to(edns_query(), Rcode::badvers, {}, 512) ==
        header(0x4242, 0x8180, {.additionals = 1}) + question(qname) + opt(1232, 0x01000000));
  CHECK(error_to(query(), Rcode::badvers, {}, 512) == header(0x4242, 0x8182) + question(qname));
  CHECK(error_to(query(), Rcode::servfail, {}, 32).empty());
}

TEST_CASE("Every fault has an RCODE that no client takes for a name's absence") {
  for (int fault = 0; fault <= static_cast<int>(Fault::unproven); ++fault) {
    const FaultReply reply = reply_for(static_cast<Fault>(fault));
    CHECK(reply.rcode != Rcode::noerror);
    CHECK(reply.rcode != Rcode::nxdomain);
  }
  CHECK(reply_for(Fault::refused).rcode == Rcode::refused);
  CHECK(reply_for(Fault::refused).extended_error == ede::prohibited);
  CHECK(reply_for(Fault::timeout).extended_error == ede::no_reachable_authority);
  CHECK(reply_for(Fault::no_network).extended_error == ede::network_error);
  CHECK(reply_for(Fault::mismatched).extended_error == ede::invalid_data);
  CHECK(reply_for(Fault::overloaded).extended_error == ede::not_ready);
}
