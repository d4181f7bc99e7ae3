// The way of aliases from names of one way to names of another: resolve/follow.cpp.
#include <doctest/doctest.h>

#include <map>

#include "resolver_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

Name named(std::string_view text) { return Name::from_text(text).value(); }

LocalRecord alias(std::string_view from, std::string_view to, std::uint32_t ttl = 300) {
  return cname_record(named(from), ttl, named(to));
}
LocalRecord dname(std::string_view from, std::string_view to, std::uint32_t ttl = 300) {
  LocalRecord record = alias(from, to, ttl);
  record.type = Type::dname;
  return record;
}
LocalRecord address(std::string_view name, std::array<std::uint8_t, 4> octets, std::uint32_t ttl = 300) {
  return a_record(named(name), ttl, octets);
}

constexpr std::array<std::uint8_t, 4> outside{198, 51, 100, 7}, inside{10, 0, 0, 9};

/// What a server says to a question: by name, for type A and all others alike.
struct Said {
  std::vector<LocalRecord> records = {};
  Rcode rcode = Rcode::noerror;
  std::optional<LocalRecord> soa = {};
};
using Zone = std::map<std::string, Said>;

LocalRecord soa_of(std::string_view zone, std::uint32_t ttl) {
  LocalRecord soa = local_zone_soa(named(zone));
  soa.ttl = ttl;
  return soa;
}

/// A resolver between the public upstream, two zones of the local network and a hosts file.
struct Border : AskingWorld {
  explicit Border(std::string_view hosts = {}) {
    resolver.set_hosts(std::make_shared<const Hosts>(Hosts::parse(hosts)));
  }

  FakeUpstream::Script script_of(const Zone& zone) {
    return [&zone](const Message& query) {
      std::string text = query.question().name.to_string();
      text.pop_back();
      std::ranges::transform(text, text.begin(),
                             [](char c) { return static_cast<char>(fold(static_cast<std::uint8_t>(c))); });
      const auto found = zone.find(text);
      const Said said = found == zone.end() ? Said{.rcode = Rcode::refused} : found->second;
      return FakeUpstream::Step{5ms, message(local_answer(query.question(), said.rcode, said.records, said.soa))};
    };
  }

  Client& ask(std::vector<std::uint8_t> wire) {
    Client& client = ask_of(resolver, std::move(wire), tasks);
    if (!client.at_once) pass(100ms);
    return client;
  }
  Client& ask(std::string_view name, Type type = Type::a) { return ask(client_query(question(name, type))); }

  Zone public_zone, corp_zone, lan_zone;
  Policy policy{Config{}};
  Cache cache{CacheConfig{}};
  Metrics metrics;
  FakeUpstream upstream{scheduler, "public", script_of(public_zone)};
  FakeUpstream corp{scheduler, "corp", script_of(corp_zone)};
  FakeUpstream lan{scheduler, "lan", script_of(lan_zone)};
  TaskGroup tasks;
  Resolver resolver{{scheduler,
                     tasks,
                     policy,
                     cache,
                     borrowed(upstream),
                     metrics,
                     4096,
                     ExposureMode::off,
                     {{named("corp.example"), borrowed(corp)}, {named("lan"), borrowed(lan)}},
                     RebindGuard(RebindConfig{.protect = true})}};
};

/// "www.example. CNAME x.example." and so on of the answer section.
std::vector<std::string> lines(const Client& client) {
  std::vector<std::string> lines;
  const Message reply = client.message();
  for (const ResourceRecord& record : reply.records()) {
    if (record.section != Section::answer) continue;
    std::string data;
    if (record.type == Type::cname || record.type == Type::dname)
      data = reply.name_at(record.rdata).to_string();
    else
      for (const std::uint8_t octet : reply.rdata(record)) data += (data.empty() ? "" : ".") + std::to_string(octet);
    lines.push_back(reply.name_at(record.owner).to_string() + " " + to_string(record.type) + " " + data);
  }
  return lines;
}
using Lines = std::vector<std::string>;

std::string soa_owner(const Client& client) {
  const Message reply = client.message();
  for (const ResourceRecord& record : reply.records())
    if (record.section == Section::authority && record.type == Type::soa)
      return reply.name_at(record.owner).to_string();
  return {};
}

}  // namespace

TEST_CASE("A zone's server that knows only the alias leaves the rest to the public upstream, and the whole is kept") {
  Border border;
  border.corp_zone["wiki.corp.example"] = {{alias("wiki.corp.example", "edge.cdn.example", 300)}};
  border.public_zone["edge.cdn.example"] = {{address("edge.cdn.example", outside, 60)}};
  const Client& first = border.ask("Wiki.corp.example");
  CHECK(lines(first) == Lines{"wiki.corp.example. CNAME edge.cdn.example.", "edge.cdn.example. A 198.51.100.7"});
  CHECK(first.rcode() == Rcode::noerror);
  border.pass(10s);
  CHECK(border.ask("wiki.corp.example").at_once);
  CHECK(border.ask("edge.cdn.example").at_once);  // the part is its name's answer as well
  border.pass(55s);
  CHECK(!border.ask("wiki.corp.example").at_once);
}

TEST_CASE("Chains and DNAMEs are followed from where the zone's server stops") {
  Border border;
  border.corp_zone["a.corp.example"] = {
      {alias("a.corp.example", "b.corp.example"), alias("b.corp.example", "c.public.example")}};
  border.corp_zone["x.old.corp.example"] = {{dname("old.corp.example", "new.public.example")}};
  border.corp_zone["y.old.corp.example"] = {
      {dname("old.corp.example", "new.public.example"), alias("y.old.corp.example", "y.new.public.example")}};
  for (const auto* name : {"c.public.example", "x.new.public.example", "y.new.public.example"})
    border.public_zone[name] = {{address(name, outside)}};
  CHECK(lines(border.ask("a.corp.example")) == Lines{"a.corp.example. CNAME b.corp.example.",
                                                     "b.corp.example. CNAME c.public.example.",
                                                     "c.public.example. A 198.51.100.7"});
  for (const std::string host : {"x", "y"})
    CHECK(lines(border.ask(host + ".old.corp.example")) ==
          Lines{"old.corp.example. DNAME new.public.example.",
                host + ".old.corp.example. CNAME " + host + ".new.public.example.",
                host + ".new.public.example. A 198.51.100.7"});
}

TEST_CASE("What a zone's server settles itself is not asked outside") {
  Border border;
  border.corp_zone["www.corp.example"] = {
      {alias("www.corp.example", "www.public.example"), address("www.public.example", inside)}};
  border.corp_zone["gone.corp.example"] = {
      {alias("gone.corp.example", "gone.public.example")}, Rcode::nxdomain, soa_of("public.example", 60)};
  CHECK(lines(border.ask("www.corp.example")).back() == "www.public.example. A 10.0.0.9");
  CHECK(border.ask("gone.corp.example").rcode() == Rcode::nxdomain);
  CHECK(border.upstream.asked.empty());
}

TEST_CASE("An alias that the public upstream leaves open is followed by a question, and a denial or a failure is not") {
  Border border;
  border.public_zone["www.example"] = {{alias("www.example", "edge.cdn.example")}};
  border.public_zone["edge.cdn.example"] = {{address("edge.cdn.example", outside)}};
  border.public_zone["denied.example"] = {
      {alias("denied.example", "edge.cdn.example")}, Rcode::noerror, soa_of("cdn.example", 60)};
  border.public_zone["broken.example"] = {{alias("broken.example", "edge.cdn.example")}, Rcode::servfail};
  border.public_zone["void.example"] = {{alias("void.example", "nothing.cdn.example")}};
  border.public_zone["nothing.cdn.example"] = {};
  CHECK(lines(border.ask("www.example")) ==
        Lines{"www.example. CNAME edge.cdn.example.", "edge.cdn.example. A 198.51.100.7"});
  CHECK(border.upstream.asked.size() == 2);
  CHECK(border.ask("www.example").at_once);
  CHECK(lines(border.ask("denied.example")) == Lines{"denied.example. CNAME edge.cdn.example."});
  CHECK(border.ask("broken.example").rcode() == Rcode::servfail);
  CHECK(border.upstream.asked.size() == 4);
  CHECK(lines(border.ask("void.example")) == Lines{"void.example. CNAME nothing.cdn.example."});
  CHECK(border.upstream.asked.size() == 6);
}

TEST_CASE("A public alias of a zone's name is answered by that zone, whatever the public upstream says of it") {
  const std::vector<Said> public_words{
      {{alias("www.example", "app.corp.example")}},
      {{alias("www.example", "app.corp.example")}, Rcode::nxdomain, soa_of("example", 60)},
      {{alias("www.example", "app.corp.example"), address("app.corp.example", outside)}},
      {{alias("www.example", "app.corp.example"), address("app.corp.example", {192, 168, 1, 1})}}};
  for (const Said& said : public_words) {
    Border border;
    border.public_zone["www.example"] = said;
    border.corp_zone["app.corp.example"] = {{address("app.corp.example", inside, 60)}};
    const Client& client = border.ask("www.example");
    CHECK(lines(client) == Lines{"www.example. CNAME app.corp.example.", "app.corp.example. A 10.0.0.9"});
    CHECK(client.rcode() == Rcode::noerror);
    CHECK(border.corp.asked.size() == 1);
    CHECK(border.ask("www.example").at_once);
  }
}

TEST_CASE("An alias into another zone is answered by that one's server, also over several borders") {
  Border border;
  border.corp_zone["a.corp.example"] = {{alias("a.corp.example", "b.lan")}};
  border.lan_zone["b.lan"] = {{alias("b.lan", "c.public.example")}};
  border.public_zone["c.public.example"] = {{alias("c.public.example", "d.lan")}};
  border.lan_zone["d.lan"] = {{address("d.lan", inside)}};
  CHECK(lines(border.ask("a.corp.example")) == Lines{"a.corp.example. CNAME b.lan.", "b.lan. CNAME c.public.example.",
                                                     "c.public.example. CNAME d.lan.", "d.lan. A 10.0.0.9"});
}

TEST_CASE("Aliases that lead in a circle over a border end soon, in SERVFAIL") {
  Border border;
  border.corp_zone["a.corp.example"] = {{alias("a.corp.example", "b.public.example")}};
  border.public_zone["b.public.example"] = {{alias("b.public.example", "a.corp.example")}};
  for (const auto* name : {"a.corp.example", "b.public.example"}) {
    const Client& client = border.ask(name);
    CHECK(client.rcode() == Rcode::servfail);
    CHECK(client.taken < 50ms);
  }
  CHECK(border.upstream.asked.size() + border.corp.asked.size() <= 6);
  for (int i = 0; i < 30; ++i) {
    const std::string from = "n" + std::to_string(i), to = "n" + std::to_string(i + 1);
    border.corp_zone[from + ".corp.example"] = {{alias(from + ".corp.example", to + ".lan")}};
    border.lan_zone[from + ".lan"] = {{alias(from + ".lan", to + ".corp.example")}};
  }
  border.corp.asked.clear();
  CHECK(border.ask("n0.corp.example").rcode() == Rcode::servfail);
  CHECK(border.corp.asked.size() <= 8);
}

TEST_CASE("The last part says whether the name exists, and how long that is kept") {
  Border border;
  border.corp_zone["gone.corp.example"] = {{alias("gone.corp.example", "gone.public.example")}};
  border.corp_zone["bare.corp.example"] = {{alias("bare.corp.example", "bare.public.example")}};
  border.public_zone["gone.public.example"] = {{}, Rcode::nxdomain, soa_of("public.example", 60)};
  border.public_zone["bare.public.example"] = {{}, Rcode::noerror, soa_of("public.example", 60)};
  for (const auto& [name, rcode] :
       {std::pair{"gone.corp.example", Rcode::nxdomain}, {"bare.corp.example", Rcode::noerror}}) {
    const Client& client = border.ask(name);
    CHECK(client.rcode() == rcode);
    CHECK(soa_owner(client) == "public.example.");
    CHECK(lines(client).size() == 1);
    CHECK(border.ask(name).at_once);
  }
  border.pass(61s);
  CHECK(!border.ask("gone.corp.example").at_once);
}

TEST_CASE("Each part is judged by its own way: private addresses are a zone's right and no public name's") {
  Border border;
  border.corp_zone["a.corp.example"] = {{alias("a.corp.example", "evil.example")}};
  border.public_zone["evil.example"] = {{address("evil.example", inside)}};
  const Client& refused = border.ask(with_opt(client_query(question("a.corp.example"))));
  CHECK(lines(refused) == Lines{"a.corp.example. CNAME evil.example."});
  CHECK(refused.extended_error()->code == ede::blocked);
  CHECK(border.metrics.rebinds_refused == 1);
}

TEST_CASE("An alias of a name in the hosts file has the address that the file says") {
  Border border("192.168.1.5 nas.example.net\n");
  border.public_zone["files.example"] = {
      {alias("files.example", "nas.example.net"), address("nas.example.net", outside)}};
  border.lan_zone["files.lan"] = {{alias("files.lan", "nas.example.net")}};
  CHECK(lines(border.ask("files.example")).back() == "nas.example.net. A 192.168.1.5");
  CHECK(lines(border.ask("files.lan")).back() == "nas.example.net. A 192.168.1.5");
  CHECK(border.upstream.asked.size() == 1);
}

TEST_CASE("Special names behind an alias are answered here, and no public name leads to this machine itself") {
  Border border("127.0.1.1 thishost.example\n");
  border.lan_zone["me.lan"] = {{alias("me.lan", "localhost")}};
  border.lan_zone["printer.lan"] = {{alias("printer.lan", "printer.local")}};
  border.public_zone["me.example"] = {{alias("me.example", "localhost"), address("localhost", {127, 0, 0, 1})}};
  border.public_zone["host.example"] = {{alias("host.example", "thishost.example")}};
  CHECK(lines(border.ask("me.lan")).back() == "localhost. A 127.0.0.1");
  const Client& printer = border.ask("printer.lan");
  CHECK(printer.rcode() == Rcode::nxdomain);
  CHECK(soa_owner(printer) == "local.");
  CHECK(border.upstream.asked.empty());
  CHECK(lines(border.ask("me.example")).size() == 1);
  CHECK(lines(border.ask("host.example")).size() == 1);
  CHECK(border.metrics.rebinds_refused == 2);
}

TEST_CASE("A public name that may have private addresses may lead to this machine as well") {
  Border border;
  border.resolver.set_rebind_guard(RebindGuard(RebindConfig{.protect = true, .allow = {"example"}}));
  border.public_zone["me.example"] = {{alias("me.example", "localhost"), address("localhost", {127, 0, 0, 1})}};
  CHECK(lines(border.ask("me.example")).back() == "localhost. A 127.0.0.1");
}

TEST_CASE("The rest is asked for with the client's own DO and CD") {
  Border border;
  border.corp_zone["wiki.corp.example"] = {{alias("wiki.corp.example", "edge.cdn.example")}};
  std::vector<MessageIndex> seen;
  border.upstream.script = [&](const Message& query) {
    seen.push_back(query.index());
    return FakeUpstream::Step{5ms, message(positive(query.question(), 300))};
  };
  border.ask(with_opt(client_query(question("wiki.corp.example"), 1, flag::rd | flag::cd), true));
  border.ask("wiki.corp.example");
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].dnssec_ok());
  CHECK(seen[0].has(flag::cd));
  CHECK(!seen[1].dnssec_ok());
  CHECK(!seen[1].has(flag::cd));
}

TEST_CASE("AD is set only if every part has it") {
  for (const bool front : {false, true}) {
    for (const bool rest : {false, true}) {
      Border border;
      const auto with_ad = [](const Message& query, const LocalRecord& record, bool ad) {
        AnswerImage image = local_answer(query.question(), Rcode::noerror, std::array{record});
        if (ad) image.wire[3] |= flag::ad;
        return FakeUpstream::Step{5ms, message(image)};
      };
      border.upstream.script = [&](const Message& query) {
        return with_ad(query, alias("www.example", "app.lan"), front);
      };
      border.lan.script = [&](const Message& query) { return with_ad(query, address("app.lan", inside), rest); };
      const Client& client = border.ask(client_query(question("www.example"), 1, flag::rd | flag::ad));
      CHECK(client.message().index().has(flag::ad) == (front && rest));
    }
  }
}

TEST_CASE("Who asks for the alias itself is told of it, and nobody is asked for the rest") {
  Border border;
  border.corp_zone["wiki.corp.example"] = {{alias("wiki.corp.example", "edge.cdn.example")}};
  for (const Type type : {Type::cname, Type::any}) CHECK(lines(border.ask("wiki.corp.example", type)).size() == 1);
  CHECK(border.upstream.asked.empty());
}

TEST_CASE("A rest that cannot be had fails the whole, and a stale whole stands in for it") {
  Border border;
  border.public_zone["www.example"] = {{alias("www.example", "app.lan")}};
  border.lan_zone["app.lan"] = {{address("app.lan", inside, 10)}};
  border.ask("www.example");
  border.pass(20s);
  border.lan.script = says(5ms, Rcode::servfail);
  const Client& stale = border.ask(with_opt(client_query(question("www.example"))));
  CHECK(stale.extended_error()->code == ede::stale_answer);
  CHECK(lines(stale).size() == 2);
  border.public_zone["other.example"] = {{alias("other.example", "other.lan")}};
  CHECK(border.ask("other.example").rcode() == Rcode::servfail);
}

TEST_CASE("What is forgotten of a zone is forgotten where aliases lead into it from elsewhere") {
  Border border;
  border.public_zone["www.example"] = {{alias("www.example", "app.lan")}};
  border.lan_zone["app.lan"] = {{address("app.lan", inside)}};
  border.public_zone["other.example"] = {{address("other.example", outside)}};
  border.ask("www.example");
  border.ask("other.example");
  CHECK(border.cache.remove(named("lan"), Cache::Reach::with_descendants) == 2);
  CHECK(!border.ask("www.example").at_once);
  CHECK(border.ask("other.example").at_once);
}

TEST_CASE("A part that is kept counts with what is left of its TTL") {
  Border border;
  border.corp_zone["wiki.corp.example"] = {{alias("wiki.corp.example", "edge.cdn.example")}};
  border.public_zone["edge.cdn.example"] = {{address("edge.cdn.example", outside, 60)}};
  border.ask("edge.cdn.example");
  border.pass(40s);
  const Client& client = border.ask("wiki.corp.example");
  CHECK(border.upstream.asked.size() == 1);
  CHECK(client.message().records().at(1).ttl <= 20);
}
