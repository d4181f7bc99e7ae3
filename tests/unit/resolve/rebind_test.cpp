#include "resolve/rebind.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include <string>

#include "dns/svcb.hpp"
#include "resolver_fixture.hpp"
#include "unit/dns/wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

Octets ipv4(const std::string& text) {
  Octets octets(4);
  REQUIRE(inet_pton(AF_INET, text.c_str(), octets.data()) == 1);
  return octets;
}
Octets ipv6(const std::string& text) {
  Octets octets(16);
  REQUIRE(inet_pton(AF_INET6, text.c_str(), octets.data()) == 1);
  return octets;
}

const Octets qname = fixture::name("www.public.example");
const Octets owner = pointer(12);
const Octets service = u16(1) + fixture::name("");

/// An upstream's answer with these records, each in the answer section unless told.
AnswerImage answered(Type asked, std::initializer_list<Octets> records, Counts counts = {}) {
  if (counts.answers + counts.additionals == 0) counts.answers = static_cast<unsigned>(records.size());
  Octets wire = fixture::header(0, 0x81A0, counts) + fixture::question(qname, asked);
  for (const Octets& record : records) wire = wire + record;
  return make_image(parsed(wire), false);
}
AnswerImage address_answer(const Octets& address) {
  const Type type = address.size() == 4 ? Type::a : Type::aaaa;
  return answered(type, {record(owner, type, 300, address)});
}
AnswerImage hint_answer(std::uint16_t key, const Octets& hint, Type type = Type::https) {
  return answered(type, {record(owner, type, 300, service + tlv(key, hint))});
}

const RebindGuard guard(RebindConfig{.protect = true});

void check_refused(AnswerImage image) {
  const std::uint32_t ttl = image.ttl;
  const Question asked = message(image).question();
  CHECK(guard.refuse(image));
  const Message refusal = message(image);
  CHECK(refusal.question() == asked);
  CHECK(refusal.rcode() == Rcode::noerror);
  CHECK(refusal.index().answers == 0);
  CHECK(refusal.index().authorities == 1);  // the SOA by which clients know how long this holds
  CHECK(!refusal.index().has(flag::aa | flag::ad));
  CHECK(image.kind == AnswerKind::nodata);
  CHECK(image.ttl == ttl);
  REQUIRE(image.extended_error);
  CHECK(image.extended_error->code == ede::blocked);
}

void check_passes(const RebindGuard& by, AnswerImage image) {
  const AnswerImage before = image;
  CHECK(!by.refuse(image));
  CHECK(image.wire == before.wire);
  CHECK(image.ttl_offsets == before.ttl_offsets);
  CHECK(!image.extended_error);
}

bool refused_by(const RebindGuard& by, AnswerImage image) { return by.refuse(image); }

/// An upstream whose every answer is the router.
FakeUpstream::Step private_answers(const Message& query) {
  const std::array records{a_record(query.question().name, 300, std::array<std::uint8_t, 4>{10, 0, 0, 1})};
  return {20ms, message(local_answer(query.question(), Rcode::noerror, records))};
}

}  // namespace

TEST_CASE("Addresses that lead into this machine or its network are told from all others, to the bit") {
  for (const char* text : {"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255",
                           "127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.0", "172.31.255.255",
                           "192.168.0.0", "192.168.255.255", "255.255.255.255"}) {
    INFO(text);
    CHECK(is_private_ipv4(ipv4(text)));
  }
  for (const char* text : {"1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
                           "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
                           "192.167.255.255", "192.169.0.0", "255.255.255.254", "224.0.0.251"}) {
    INFO(text);
    CHECK(!is_private_ipv4(ipv4(text)));
  }
  for (const char* text : {"::", "::1", "::192.0.2.1", "::ffff:192.168.1.1", "::ffff:192.0.2.1", "fc00::1", "fdff::1",
                           "fe80::1", "febf::1", "fec0::1", "feff::1", "64:ff9b::10.0.0.1", "2002:c0a8:101::1"}) {
    INFO(text);
    CHECK(is_private_ipv6(ipv6(text)));
  }
  for (const char* text : {"2001:db8::1", "2606:4700::1111", "fbff::1", "fe00::1", "fe7f::1", "ff02::fb", "::1:0:0:0",
                           "64:ff9b::192.0.2.1", "64:ff9c::10.0.0.1", "2002:c000:201::1"}) {
    INFO(text);
    CHECK(!is_private_ipv6(ipv6(text)));
  }
}

TEST_CASE("A private address for a public name becomes NODATA that says Blocked, for as long as the answer held") {
  check_refused(address_answer(ipv4("192.168.1.1")));
  check_refused(address_answer(ipv6("fd00::1")));
}

TEST_CASE("One private address among public ones, behind an alias or for ANY is enough") {
  const Octets good = record(owner, Type::a, 300, ipv4("192.0.2.1"));
  const Octets bad = record(owner, Type::a, 300, ipv4("10.0.0.1"));
  check_refused(answered(Type::a, {good, bad}));
  const Octets alias = fixture::name("inner.public.example");
  check_refused(
      answered(Type::a, {record(owner, Type::cname, 300, alias), record(alias, Type::a, 60, ipv4("127.0.0.1"))}));
  check_refused(answered(Type::any, {record(owner, Type::aaaa, 300, ipv6("::1"))}));
}

TEST_CASE("Private hints in HTTPS and SVCB are refused like addresses, the last of several too") {
  for (const Type type : {Type::https, Type::svcb}) {
    check_refused(hint_answer(svc_param::ipv4hint, ipv4("10.0.0.1"), type));
    check_refused(hint_answer(svc_param::ipv4hint, ipv4("192.0.2.1") + ipv4("127.0.0.1"), type));
    check_refused(hint_answer(svc_param::ipv6hint, ipv6("fe80::1"), type));
    check_refused(hint_answer(svc_param::ipv6hint, ipv6("2001:db8::1") + ipv6("fd00::1"), type));
    check_passes(guard, hint_answer(svc_param::ipv4hint, ipv4("192.0.2.1"), type));
    check_passes(guard, hint_answer(svc_param::ipv6hint, ipv6("2001:db8::1"), type));
  }
}

TEST_CASE("A binding that cannot be read is refused: a client may read in it what we do not") {
  check_refused(hint_answer(svc_param::ipv4hint, {192, 0, 2}));
  check_refused(hint_answer(svc_param::ipv6hint, {}));
  const Octets out_of_order = tlv(svc_param::port, u16(443)) + tlv(svc_param::alpn, {2, 'h', '2'});
  check_refused(answered(Type::https, {record(owner, Type::https, 300, service + out_of_order)}));
}

TEST_CASE("What leads nowhere private passes octet for octet") {
  check_passes(guard, address_answer(ipv4("192.0.2.1")));
  check_passes(guard, address_answer(ipv6("2001:db8::1")));
  check_passes(guard, answered(Type::txt, {record(owner, Type::txt, 300, {4, 10, 0, 0, 1})}));
  check_passes(guard, answered(Type::a, {record(owner, Type::a, 300, ipv4("10.0.0.1"), Class::ch)}));
}

TEST_CASE("A private address in the additional section alone costs that section and nothing else") {
  const Octets mx = record(owner, Type::mx, 300, u16(1) + fixture::name("mx.public.example"));
  const Octets extra = record(fixture::name("mx.public.example"), Type::a, 60, ipv4("10.0.0.1"));
  AnswerImage image = answered(Type::mx, {mx, extra}, {.answers = 1, .additionals = 1});
  CHECK(!guard.refuse(image));
  const Message left = message(image);
  CHECK(left.index().answers == 1);
  CHECK(left.index().additionals == 0);
  CHECK(image.ttl_offsets.size() == 1);
  CHECK(image.kind == AnswerKind::positive);
}

TEST_CASE("What must not be kept is not kept as a refusal either") {
  AnswerImage image = answered(Type::a, {record(owner, Type::a, 0, ipv4("10.0.0.1"))});
  CHECK(guard.refuse(image));
  CHECK(image.ttl == 0);
}

TEST_CASE("The allowed zones' names pass, by label and not by letters; without protection all do") {
  const auto allowing = [](const char* zone) { return RebindGuard({.protect = true, .allow = {zone}}); };
  const AnswerImage image = address_answer(ipv4("10.0.0.1"));
  for (const char* zone : {"www.public.example", "public.example", "PUBLIC.example", "."})
    check_passes(allowing(zone), image);
  for (const char* zone : {"lic.example", "w.public.example", "other.example"})
    CHECK(refused_by(allowing(zone), image));
  check_passes(RebindGuard(), image);
  check_passes(RebindGuard(RebindConfig{.protect = false, .allow = {}}), image);
}

TEST_CASE("The resolver refuses once, keeps the refusal, counts it, and asks the upstream no more often for it") {
  Stub stub(private_answers, {.rebind = {.protect = true, .allow = {"home.example"}}});
  const auto asked = [](std::string_view name) { return with_opt(client_query(fixture::question(name))); };
  const Client& miss = stub.ask(asked("www.example"));
  const Client& allowed = stub.ask(asked("nas.home.example"));
  stub.pass(20ms);
  const Client& hit = stub.ask(asked("WWW.example"));
  CHECK(hit.at_once);
  for (const Client* client : {&miss, &hit}) {
    CHECK(client->rcode() == Rcode::noerror);
    CHECK(client->message().index().answers == 0);
    REQUIRE(client->extended_error());
    CHECK(client->extended_error()->code == ede::blocked);
  }
  CHECK(allowed.message().index().answers == 1);
  CHECK(stub.metrics.rebinds_refused == 1);
  CHECK(stub.upstream.asked.size() == 2);
}

TEST_CASE("A flight under way when the protection is switched on is judged by it") {
  Stub stub(private_answers);
  const Client& client = stub.ask("www.example");
  stub.pass(10ms);
  stub.resolver.set_rebind_guard(guard);
  stub.pass(10ms);
  CHECK(client.message().index().answers == 0);
}
