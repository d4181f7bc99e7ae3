#include "resolve/resolver.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>

#include "dns/fault_table.hpp"
#include "dns/message_builder.hpp"
#include "resolver_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

bool echoes(const Client& client) {
  const std::size_t ends = index_message(client.query).value().question_ends;
  return client.reply && client.reply->size() >= ends &&
         std::equal(client.query.begin() + 12, client.query.begin() + static_cast<std::ptrdiff_t>(ends),
                    client.reply->begin() + 12) &&
         load16(*client.reply, 0) == load16(client.query, 0);
}

}  // namespace

TEST_CASE("Every query is put in the query log once, with where its answer came from and why") {
  Stub stub(answers(20ms, 10));
  QueryTap tap([] {}, 16);
  stub.resolver.journal().log_to(tap);
  const auto logged = [&tap] {
    std::vector<LoggedQuery> all;
    tap.take(100, [&](const LoggedQuery& query) { all.push_back(query); });
    return all;
  };
  stub.ask("Www.example");
  CHECK(logged().empty());
  stub.pass(1s);
  stub.ask("www.example");
  stub.ask("a.test");
  stub.ask(client_query(question("other.example"), 1, 0));
  const auto first = logged();
  REQUIRE(first.size() == 4);
  CHECK(first[0].source == Source::upstream);
  CHECK(first[0].upstream == "fake");
  CHECK(first[0].taken == 20ms);
  CHECK(first[0].arrived == first[1].arrived - 1s);
  CHECK(Name::from_checked_wire({first[0].name.data(), first[0].name_size}).to_string() == "Www.example.");
  CHECK(first[1].source == Source::cache);
  CHECK(first[1].upstream.empty());
  CHECK(first[2].source == Source::policy);
  CHECK(first[2].rcode == Rcode::nxdomain);
  CHECK(first[3].rcode == Rcode::refused);
  CHECK(first[3].extended_error == ede::not_authoritative);
  stub.upstream.script = fails(20ms, Fault::unreachable);
  stub.pass(20s);
  stub.ask("www.example");
  stub.ask("third.example");
  stub.pass(5s);
  const auto second = logged();
  REQUIRE(second.size() == 2);
  CHECK(second[0].source != second[1].source);
  for (const LoggedQuery& query : second) {
    const bool stale = Name::from_checked_wire({query.name.data(), query.name_size}).to_string() == "www.example.";
    CHECK(query.source == (stale ? Source::stale : Source::failure));
    CHECK(query.rcode == (stale ? Rcode::noerror : Rcode::servfail));
    CHECK(query.extended_error == (stale ? ede::stale_answer : reply_for(Fault::unreachable).extended_error));
  }
}

TEST_CASE("A miss is fetched, the same question is then a hit whose TTL has shrunk") {
  Stub stub(answers(20ms, 300));
  const Client& first = stub.ask("www.example");
  CHECK(!first.at_once);
  stub.pass(20ms);
  CHECK(first.rcode() == Rcode::noerror);
  CHECK(first.ttl() == 300);
  stub.pass(10s);
  const Client& second = stub.ask("WWW.example");
  CHECK(second.at_once);
  CHECK(second.ttl() == 290);
  CHECK(echoes(second));
  CHECK(stub.upstream.asked.size() == 1);
  CHECK(stub.metrics.answers[static_cast<std::size_t>(Source::upstream)] == 1);
  CHECK(stub.metrics.answers[static_cast<std::size_t>(Source::cache)] == 1);
}

TEST_CASE("An upstream that answers before the first wait is as good") {
  Stub stub(answers(0ms));
  const Client& client = stub.ask("www.example");
  stub.scheduler.run_ready();
  CHECK(client.rcode() == Rcode::noerror);
}

TEST_CASE("A thousand clients that ask the same at once cost one query, and each sees its own ID and case") {
  std::mt19937 random(5);
  Stub stub(answers(20ms));
  for (unsigned i = 0; i < 1000; ++i) {
    std::string name = "www.some-name.example";
    for (char& c : name)
      if (c >= 'a' && c <= 'z' && random() % 2 == 0) c = static_cast<char>(c - 32);
    auto wire = client_query(question(name), static_cast<std::uint16_t>(i * 7));
    stub.ask(i % 2 == 0 ? wire : with_opt(wire));
  }
  stub.pass(20ms);
  CHECK(stub.upstream.asked.size() == 1);
  CHECK(stub.metrics.coalesced == 999);
  for (const Client& client : stub.clients) {
    REQUIRE(client.reply);
    CHECK(echoes(client));
    CHECK(client.message().index().has_edns == client.message().index().has_edns);
    CHECK(client.message().index().has_edns == index_message(client.query).value().has_edns);
    CHECK(client.message().index().answers == 1);
  }
  CHECK(stub.resolver.pending() == 0);
}

TEST_CASE("Every kind of reply echoes ID and question octet for octet") {
  const std::map<std::string, FakeUpstream::Script> scripts{{"Miss.Example", answers(5ms)},
                                                            {"Fault.Example", fails(5ms, Fault::unreachable)},
                                                            {"ServFail.Example", says(5ms, Rcode::servfail)}};
  Stub stub([&](const Message& query) {
    const std::string text = query.question().name.to_string();
    return scripts.at(text.substr(0, text.size() - 1))(query);
  });
  for (int round = 0; round < 2; ++round) {
    for (const auto& [name, script] : scripts) stub.ask(client_query(question(name), 0xABCD));
    stub.pass(100ms);
  }
  stub.ask(client_query(question("Policy.INVALID"), 0xABCD));
  stub.ask(client_query(question("NoRecursion.Example"), 0xABCD, 0));
  stub.pass(10min);
  stub.upstream.script = fails(5ms, Fault::timeout);
  stub.ask(client_query(question("MISS.Example"), 0xABCD));  // stale
  stub.pass(1s);
  for (const Client& client : stub.clients) CHECK(echoes(client));
}

TEST_CASE("Names that are answered here never reach an upstream") {
  Stub stub(answers(5ms));
  for (const auto* name : {"localhost", "printer.local", "x.onion", "4.3.168.192.in-addr.arpa", "nas", "a.test"})
    CHECK(stub.ask(name).at_once);
  CHECK(stub.upstream.asked.empty());
  CHECK(stub.metrics.answers[static_cast<std::size_t>(Source::policy)] == 6);
}

TEST_CASE("Who does not ask for recursion is answered from policy and cache, and refused otherwise") {
  Stub stub(answers(5ms));
  const Client& refused = stub.ask(with_opt(client_query(question("www.example"), 1, 0)));
  CHECK(refused.at_once);
  CHECK(refused.rcode() == Rcode::refused);
  CHECK(refused.extended_error()->code == ede::not_authoritative);
  CHECK(stub.upstream.asked.empty());
  stub.ask("www.example");
  stub.pass(10ms);
  const Client& hit = stub.ask(client_query(question("www.example"), 1, 0));
  CHECK(hit.rcode() == Rcode::noerror);
  CHECK(!hit.message().index().has(flag::rd));
  CHECK(stub.ask(client_query(question("localhost"), 1, 0)).rcode() == Rcode::noerror);
}

TEST_CASE("DO and CD go upstream, are kept apart, and AD goes out only to who asked for it") {
  std::vector<MessageIndex> seen;
  Stub stub([&](const Message& query) {
    seen.push_back(query.index());
    AnswerImage image = positive(query.question(), 300);
    image.wire[3] |= flag::ad;
    return FakeUpstream::Step{5ms, message(image)};
  });
  const auto asked = question("www.example");
  const Client& plain = stub.ask(client_query(asked));
  const Client& wants_do = stub.ask(with_opt(client_query(asked), true));
  const Client& wants_cd = stub.ask(client_query(asked, 1, flag::rd | flag::cd));
  stub.pass(10ms);
  REQUIRE(seen.size() == 3);
  CHECK(!seen[0].dnssec_ok());
  CHECK(seen[1].dnssec_ok());
  CHECK(seen[2].has(flag::cd));
  for (const MessageIndex& index : seen) CHECK(index.has(flag::ad));
  CHECK(!plain.message().index().has(flag::ad));
  CHECK(wants_do.message().index().has(flag::ad));
  CHECK(!wants_cd.message().index().has(flag::ad));
  CHECK(wants_cd.message().index().has(flag::cd));
  CHECK(stub.ask(client_query(asked, 1, flag::rd | flag::ad)).message().index().has(flag::ad));
}

TEST_CASE("A single label is asked upstream for who sets DO or CD, for a validator needs the root's word") {
  Stub stub(says(5ms, Rcode::nxdomain));
  CHECK(stub.ask("com").at_once);
  CHECK(stub.ask(client_query(question("com"), 1, flag::rd | flag::ad)).at_once);
  CHECK(stub.ask(with_opt(client_query(question("com")))).at_once);
  CHECK(stub.upstream.asked.empty());
  CHECK(!stub.ask(with_opt(client_query(question("com")), true)).at_once);
  CHECK(!stub.ask(client_query(question("com"), 1, flag::rd | flag::cd)).at_once);
  stub.pass(10ms);
  CHECK(stub.upstream.asked.size() == 2);
  CHECK(stub.ask(with_opt(client_query(question("a.test")), true)).at_once);
}

TEST_CASE("A TTL of 0 is passed on and asked again") {
  Stub stub(answers(5ms, 0));
  const Client& client = stub.ask("www.example");
  stub.pass(10ms);
  CHECK(client.ttl() == 0);
  stub.ask("www.example");
  stub.pass(10ms);
  CHECK(stub.upstream.asked.size() == 2);
}

TEST_CASE("An answer whose glue must not be kept is kept without it") {
  Stub stub([](const Message& query) {
    MessageBuilder builder(query.question());
    const auto add = [&builder](Section section, const LocalRecord& record) {
      builder.begin_record({.section = section, .owner = record.owner, .type = record.type, .ttl = record.ttl});
      builder.octets(record.rdata);
      builder.end_record();
    };
    const std::array<std::uint8_t, 4> address{192, 0, 2, 1};
    const Name zone = Name::from_text("example").value(), server = Name::from_text("ns.example").value();
    add(Section::answer, a_record(query.question().name, 300, address));
    add(Section::authority, ns_record(zone, 5, server));
    add(Section::additional, a_record(server, 0, address));
    return FakeUpstream::Step{5ms, Message::parse(builder.finish(flag::qr | flag::ra)).value()};
  });
  stub.ask("www.example");
  stub.pass(299s);
  const Client& late = stub.ask("www.example");
  CHECK(late.at_once);
  CHECK(late.ttl() == 2);
  CHECK(late.message().index().answers == 1);
  CHECK(late.message().records().size() == 1);
}

TEST_CASE("NXDOMAIN and NODATA are kept, and the SOA's TTL shrinks") {
  for (const Rcode rcode : {Rcode::nxdomain, Rcode::noerror}) {
    Stub stub(
        [=](const Message& query) { return FakeUpstream::Step{5ms, message(negative(query.question(), rcode, 600))}; });
    stub.ask("gone.example");
    stub.pass(100s + 5ms);
    const Client& hit = stub.ask("gone.example");
    CHECK(hit.at_once);
    CHECK(hit.rcode() == rcode);
    CHECK(hit.ttl() == 500);
    stub.pass(500s);
    CHECK(!stub.ask("gone.example").at_once);
  }
}

TEST_CASE("max_negative_ttl shows in what clients are told") {
  Stub stub(
      [](const Message& query) {
        return FakeUpstream::Step{5ms, message(negative(query.question(), Rcode::nxdomain, 9000))};
      },
      {.cache = {.max_negative_ttl = 60}});
  const Client& first = stub.ask("gone.example");
  stub.pass(10s + 5ms);
  CHECK(first.ttl() == 60);
  CHECK(stub.ask("gone.example").ttl() == 50);
  stub.pass(50s);
  CHECK(!stub.ask("gone.example").at_once);
}

TEST_CASE("min_ttl and max_ttl hold for the first client as for the later ones") {
  Stub stub(answers(5ms, 5), {.cache = {.min_ttl = 60, .max_ttl = 100}});
  const Client& first = stub.ask("short.example");
  stub.pass(10s + 5ms);
  CHECK(first.ttl() == 60);
  CHECK(stub.ask("short.example").ttl() == 50);
  stub.upstream.script = answers(5ms, 5000);
  const Client& large = stub.ask("long.example");
  stub.pass(10ms);
  CHECK(large.ttl() == 100);
}

TEST_CASE("An answer that is too large for the client goes out truncated and is kept whole") {
  Stub stub([](const Message& query) {
    std::vector<LocalRecord> records;
    for (int i = 0; i < 10; ++i)
      records.push_back(txt_record(query.question().name, 300, std::string(200, static_cast<char>('a' + i))));
    return FakeUpstream::Step{5ms, message(local_answer(query.question(), Rcode::noerror, records))};
  });
  const Client& small = stub.ask(client_query(question("large.example", Type::txt)), stub.tasks, 512);
  stub.pass(10ms);
  CHECK(small.message().index().has(flag::tc));
  CHECK(small.reply->size() <= 512);
  const Client& hit = stub.ask(client_query(question("large.example", Type::txt)), stub.tasks, 512);
  CHECK(hit.at_once);
  CHECK(hit.message().index().has(flag::tc));
  const Client& whole = stub.ask(client_query(question("large.example", Type::txt)));
  CHECK(whole.message().index().answers == 10);
}

TEST_CASE("An extended error of the upstream reaches clients that speak EDNS, on a miss and on a hit") {
  Stub stub([](const Message& query) {
    auto wire = with_opt(negative(query.question(), Rcode::nxdomain, 300).wire);
    store16(wire, wire.size() - 2, 10);  // RDLENGTH
    for (const int octet : {0, 15, 0, 6, 0, 15, int{'a'}, int{'d'}, int{'s'}, int{'!'}})
      wire.push_back(static_cast<std::uint8_t>(octet));
    return FakeUpstream::Step{5ms, Message::parse(wire).value()};
  });
  const auto query = with_opt(client_query(question("ads.example")));
  const Client& miss = stub.ask(query);
  stub.pass(10ms);
  const Client& hit = stub.ask(query);
  for (const Client* client : {&miss, &hit}) {
    REQUIRE(client->extended_error());
    CHECK(client->extended_error()->code == 15);
    CHECK(client->extended_error()->text == "ads!");
  }
  CHECK(!stub.ask("ads.example").message().index().has_edns);
}
