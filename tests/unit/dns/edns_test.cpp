#include "dns/edns.hpp"

#include <doctest/doctest.h>

#include "base/text.hpp"
#include "dns/nsid.hpp"
#include "unit/dns/wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;
using namespace std::chrono_literals;

namespace {

/// A response with an OPT that has these options.
Message with_options(const Octets& options) {
  return parsed(header(1, 0x8180, {.additionals = 1}) + question(name("a")) + opt(1232, 0, options));
}

Octets text(std::string_view characters) { return {characters.begin(), characters.end()}; }

}  // namespace

TEST_CASE("Queries of every name length are padded to a multiple of 128 octets") {
  std::string padded_name;
  for (std::size_t size = 1; size <= Name::max_size; ++size) {
    if (size == 2) continue;  // no name has two octets
    CAPTURE(size);
    Octets wire;  // labels that add up to `size` with the root
    for (std::size_t left = size - 1; left > 0;) {
      const std::size_t label = left > 64 ? (left == 65 ? 62 : 63) : left - 1;
      wire = wire + Octets{static_cast<std::uint8_t>(label)} + Octets(label, 'n');
      left -= label + 1;
    }
    wire.push_back(0);
    REQUIRE(wire.size() == size);
    const Message query = upstream_query({Name::from_wire(wire).value(), Type::a, Class::in}, true, false);
    CHECK(query.wire().size() % 128 == 0);
    CHECK(query.wire().size() < size + 31 + 128);
    CHECK(is_padded(query));
    CHECK(query.index().question_ends == 12 + size + 4);
  }
}

TEST_CASE("An upstream query is ID 0, RD, AD, CD and DO as asked, the name in its own case, and padding alone") {
  const Question question{named("wWw.ExAmple.Com"), Type::https, Class::in};
  const Message query = upstream_query(question, true, true);
  const Octets qname = name("wWw.ExAmple.Com");
  const std::size_t unpadded = 12 + qname.size() + 4 + 11 + 4;
  CHECK(octets(query.wire()) == header(0, 0x0130, {.additionals = 1}) + fixture::question(qname, Type::https) +
                                    opt(1232, 0x8000, tlv(12, Octets(128 - unpadded))));
  const Message plain = upstream_query(question, false, false);
  CHECK(plain.index().flags == 0x0120);
  CHECK(!plain.index().dnssec_ok());
}

TEST_CASE("No option but padding leaves: no client subnet, no cookie") {
  for (const char* qname : {"a", "www.example.com", "x.y.z.example.org"}) {
    const Message query = upstream_query({named(qname), Type::a, Class::in}, false, false);
    std::vector<std::uint16_t> codes;
    for_each_option(query.wire(), query.index(), [&](std::uint16_t code, Bytes) { codes.push_back(code); });
    CHECK(codes == std::vector<std::uint16_t>{option::padding});
  }
}

TEST_CASE("The first extended error is read") {
  const Octets options = tlv(12, Octets(5)) + tlv(15, Octets{0, 22} + text("no server")) + tlv(15, Octets{0, 3});
  CHECK(extended_error_of(with_options(options)) == ExtendedError{22, "no server"});
  CHECK(extended_error_of(with_options(tlv(15, {0, 3}))) == ExtendedError{3, ""});
  CHECK(!extended_error_of(with_options(tlv(15, {3}))));
  CHECK(!extended_error_of(with_options({})));
  CHECK(!extended_error_of(parsed(header(1, 0x8180) + question(name("a")))));
}

TEST_CASE("The text of an extended error is made fit for terminals and logs") {
  struct Row {
    std::string in, out;
  };
  const Row rows[] = {
      {std::string("a\0b\x1b[31m\r\nc\x7f", 12), "ab[31mc"},
      {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x99\x82", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x99\x82"},
      {"x\xc2\x9by", "xy"},                      // a C1 control character
      {"x\xff\xc3(y\xe2\x82", "x(y"},            // broken UTF-8
      {"x\xe0\x80\x80y\xf0\x8f\xbf\xbf", "xy"},  // overlong forms
      {"x\xed\xa0\x80y\xf4\x90\x80\x80", "xy"},  // a surrogate, and what is beyond the last code point
      {"\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80", "\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80"},  // and their neighbours
      {std::string(300, 'z'), std::string(128, 'z')},
      {std::string(127, 'z') + "\xc3\xbc", std::string(127, 'z')},  // never cut inside a character
  };
  for (const Row& row : rows) {
    const auto error = extended_error_of(with_options(tlv(15, Octets{0, 0} + text(row.in))));
    REQUIRE(error);
    CHECK(error->text == row.out);
  }
}

TEST_CASE("Padding and keepalive are recognised") {
  CHECK(is_padded(with_options(tlv(12, {}))));
  CHECK(!is_padded(with_options(tlv(10, Octets(8)))));
  CHECK(tcp_keepalive_of(with_options(tlv(11, {0, 90}))) == 9s);
  CHECK(tcp_keepalive_of(with_options(tlv(11, {0, 0}))) == 0s);
  CHECK(!tcp_keepalive_of(with_options(tlv(11, {}))));
  CHECK(!tcp_keepalive_of(with_options({})));
}

TEST_CASE("A query that carries the keepalive option asks for the time, with or without one in it") {
  const auto asks = [](const Octets& options) {
    const Message query = with_options(options);
    return asks_tcp_keepalive(query.wire(), query.index());
  };
  CHECK(asks(tlv(11, {})));
  CHECK(asks(tlv(10, Octets(8)) + tlv(11, {0, 1})));
  CHECK(!asks(tlv(10, Octets(8))));
  const Message plain = parsed(header(1, 0x0100) + question(name("a")));
  CHECK(!asks_tcp_keepalive(plain.wire(), plain.index()));
}

TEST_CASE("The keepalive time is added to the OPT that ends a reply, beside what is in it") {
  for (const Octets& options : {Octets{}, tlv(15, Octets{0, 3} + text("stale"))}) {
    Octets reply = octets(with_options(options).wire());
    const std::size_t size = reply.size();
    reply.resize(size + tcp_keepalive_size);
    CHECK(add_tcp_keepalive(reply, size, 10s) == reply.size());
    const Message told = parsed(reply);
    CHECK(tcp_keepalive_of(told) == 10s);
    CHECK(extended_error_of(told).has_value() == !options.empty());
  }
}

TEST_CASE("Padding makes a reply a multiple of 468 octets, or as large as can be") {
  for (std::size_t more = 0; more < 1000; more += 7) {
    Octets reply = octets(with_options(tlv(15, Octets(more + 2, 0))).wire());
    const std::size_t size = reply.size();
    reply.resize(size + 4 + response_block);
    reply.resize(add_padding(reply, size));
    CHECK(reply.size() % response_block == 0);
    CHECK(is_padded(parsed(reply)));
    Octets narrow = reply;
    narrow.resize(size + 5);
    CHECK(add_padding(narrow, size) <= narrow.size());
    narrow.resize(size);
    CHECK(add_padding(narrow, size) == size);
  }
  Octets plain = header(1, 0x8180) + question(name("a"));
  const std::size_t size = plain.size();
  plain.resize(size + response_block);
  CHECK(add_padding(plain, size) == size);
}

TEST_CASE("A reply without an OPT at its end, or without room, keeps its octets") {
  const Octets plain = header(1, 0x8180) + question(name("a"));
  const Octets opt_first = header(1, 0x8180, {.additionals = 2}) + question(name("a")) + opt(1232, 0, {}) +
                           record(name("b"), Type::a, 1, {192, 0, 2, 1});
  for (const Octets& before : {plain, opt_first}) {
    Octets reply = before;
    reply.resize(before.size() + tcp_keepalive_size);
    CHECK(add_tcp_keepalive(reply, before.size(), 10s) == before.size());
    reply.resize(before.size());
    CHECK(reply == before);
  }
  Octets narrow = octets(with_options({}).wire());
  const Octets before = narrow;
  const std::size_t size = narrow.size();
  narrow.resize(size + tcp_keepalive_size - 1);
  CHECK(add_tcp_keepalive(narrow, size, 10s) == size);
  narrow.resize(size);
  CHECK(narrow == before);
}

TEST_CASE("A query that asks for the server's name, too, is the same and as large") {
  for (const bool dnssec : {false, true}) {
    const Message plain = upstream_query({Name::from_text("www.example.com").value(), Type::aaaa}, dnssec, dnssec);
    const Message asking = with_nsid(plain);
    CHECK(asking.wire().size() == plain.wire().size());
    CHECK(asking.index().flags == plain.index().flags);
    CHECK(asking.index().dnssec_ok() == dnssec);
    CHECK(asking.question() == plain.question());
    CHECK(asks_nsid(asking.wire(), asking.index()));
    CHECK(is_padded(asking));
    CHECK(nsid_of(asking).empty());
  }
}

TEST_CASE("A server's name is text if it can be printed, and hexadecimal otherwise") {
  CHECK(text_of_server(bytes_of("res100.fra")) == "res100.fra");
  CHECK(text_of_server(bytes_of("a\x1b[")) == "611b5b");
}
