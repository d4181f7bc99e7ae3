#include "resolve/routes.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "resolver_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

Name named(std::string_view text) { return Name::from_text(text).value(); }

/// A resolver with zones of the local network beside its upstream.
struct Zoned : Stub {
  struct Zone {
    std::string name;
    FakeUpstream upstream;
  };
  Zoned(FakeUpstream::Script others, std::vector<std::pair<std::string, FakeUpstream::Script>> scripts,
        std::size_t pending = 4096)
      : Stub(std::move(others)) {
    std::vector<ZoneRoute> routes;
    for (auto& [name, script] : scripts) {
      zones.push_back(std::make_unique<Zone>(name, FakeUpstream(scheduler, name, std::move(script))));
      routes.push_back({named(name), borrowed(zones.back()->upstream)});
    }
    zoned.emplace(ResolverSetup{scheduler, tasks, policy, cache, borrowed(upstream), metrics, pending,
                                ExposureMode::passive, routes});
  }

  /// Asks, and what was answered at once or once time has passed; a null reply if there is none yet.
  Client& ask_zoned(std::string_view name, Type type = Type::a) {
    return ask_of(*zoned, with_opt(client_query(question(name, type))), tasks);
  }

  FakeUpstream& zone(std::size_t number) { return zones[number]->upstream; }

  std::vector<std::unique_ptr<Zone>> zones;
  std::optional<Resolver> zoned;
};

std::vector<std::string> names_of(const std::vector<Question>& asked) {
  std::vector<std::string> names;
  for (const Question& question : asked) names.push_back(question.name.to_string());
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("The longest zone has a name, whole labels only, in any case") {
  World world;
  FakeUpstream others(world.scheduler, "others", answers(1ms)), lan(world.scheduler, "lan", answers(1ms)),
      deep(world.scheduler, "deep", answers(1ms));
  const Routes routes(world.scheduler, 10, borrowed(others),
                      {{named("LAN"), borrowed(lan)}, {named("Deep.lan"), borrowed(deep)}});
  const auto who = [&routes](std::string_view name) { return routes.of(named(name).wire())->upstreams->id(); };
  CHECK(who("lan") == "lan");
  CHECK(who("nas.lan") == "lan");
  CHECK(who("deep.lan") == "deep");
  CHECK(who("a.b.deep.lan") == "deep");
  CHECK(who("notdeep.lan") == "lan");
  CHECK(who("wlan") == "others");
  CHECK(who("lan.example") == "others");
  CHECK(who(".") == "others");
  // A label that only looks like the zone's end: 4 "x", 3, "lan" inside one label.
  CHECK(who("x\\003lan") == "others");
  CHECK(routes.of(named("nas.lan").wire())->is_local);
  CHECK(!routes.others()->is_local);
}

TEST_CASE("A zone's names go to its servers only, and come before the special-use names") {
  Zoned stub(answers(5ms), {{"lan", answers(5ms)}, {"local", answers(5ms)}, {"168.192.in-addr.arpa", answers(5ms)}});
  for (const auto* name : {"nas.lan", "printer.local", "5.1.168.192.in-addr.arpa", "www.example", "lan", "x.onion"})
    stub.ask_zoned(name);
  stub.pass(10ms);
  CHECK(names_of(stub.zone(0).asked) == Names{"nas.lan.", "lan."});
  CHECK(names_of(stub.zone(1).asked) == Names{"printer.local."});
  CHECK(names_of(stub.zone(2).asked) == Names{"5.1.168.192.in-addr.arpa."});
  CHECK(names_of(stub.upstream.asked) == Names{"www.example."});
  CHECK(stub.ask_zoned("NAS.lan").at_once);
  CHECK(stub.zone(0).asked.size() == 2);
}

TEST_CASE("A question of class CH is policy's, whatever its name") {
  Zoned stub(answers(5ms), {{"bind", answers(5ms)}});
  Client client{client_query({named("version.bind"), Type::txt, Class::ch}), stub.clock.now(), {}};
  const MessageIndex index = index_message(client.query).value();
  std::vector<std::uint8_t> out(512);
  const auto now = stub.zoned->answer_now({client.query, index, stub.clock.now(), 512}, out);
  REQUIRE(std::holds_alternative<std::size_t>(now));
  CHECK((out[3] & 15) == static_cast<int>(Rcode::refused));
}

TEST_CASE("Who waits for a dead zone takes no place from anybody else") {
  Zoned stub(answers(20ms), {{"lan", answers(1h)}}, 8);
  for (int i = 0; i < 100; ++i) stub.ask_zoned(fmt::format("n{}.lan", i));
  std::vector<Client*> others;
  for (int i = 0; i < 8; ++i) others.push_back(&stub.ask_zoned(fmt::format("n{}.example", i)));
  stub.pass(20ms);
  for (const Client* client : others) {
    REQUIRE(client->reply);
    CHECK(client->rcode() == Rcode::noerror);
  }
  CHECK(stub.metrics.overloaded > 0);
  CHECK(stub.zoned->pending() > 0);
  CHECK(stub.zoned->pending() <= 8);
  stub.pass(5s);
  for (const Client& client : stub.clients) CHECK(client.reply);
  CHECK(stub.zoned->pending() == 0);
}

TEST_CASE("A failed zone is SERVFAIL with words, and is no failure of others") {
  Zoned stub(answers(5ms), {{"lan", fails(5ms, Fault::unreachable)}});
  const Client& failed = stub.ask_zoned("nas.lan");
  const Client& fine = stub.ask_zoned("www.example");
  stub.pass(10ms);
  CHECK(failed.rcode() == Rcode::servfail);
  CHECK(failed.extended_error()->code == ede::no_reachable_authority);
  CHECK(fine.rcode() == Rcode::noerror);
  // Another way's success does not make this one's failure untrue.
  stub.ask_zoned("nas.lan");
  stub.pass(10ms);
  CHECK(stub.zone(0).asked.size() == 1);
}

TEST_CASE("The ledger does not learn a zone's names") {
  Zoned stub(answers(5ms), {{"lan", answers(5ms)}});
  for (int round = 0; round < 2; ++round) {
    for (const Type type : {Type::a, Type::https}) {
      stub.ask_zoned("nas.lan", type);
      stub.ask_zoned("www.example", type);
    }
    stub.pass(10ms);
  }
  Exposure exposure;
  stub.zoned->ledger().add_to(exposure);
  REQUIRE(exposure.names.size() == 1);
  CHECK(exposure.names.begin()->second.queries > 0);
}

TEST_CASE("Hosts come before zones, policy, cache and upstream, from the moment that they are given") {
  Zoned stub(answers(5ms), {{"lan", answers(5ms)}});
  stub.ask_zoned("www.example");
  stub.pass(10ms);
  stub.zoned->set_hosts(std::make_shared<const Hosts>(
      Hosts::parse("192.0.2.77 www.example nas.lan printer.local single\n10.0.0.1 ten\n")));
  for (const auto* name : {"WWW.example", "nas.LAN", "printer.local", "single"}) {
    const Client& client = stub.ask_zoned(name);
    CHECK(client.at_once);
    CHECK(client.ttl() == Hosts::ttl);
    CHECK(client.message().rdata(client.message().records().at(0)).back() == 77);
  }
  CHECK(stub.ask_zoned("www.example", Type::https).rcode() == Rcode::noerror);
  CHECK(stub.ask_zoned("1.0.0.10.in-addr.arpa", Type::ptr).rcode() == Rcode::noerror);
  CHECK(stub.ask_zoned("2.0.0.10.in-addr.arpa", Type::ptr).rcode() == Rcode::nxdomain);
  CHECK(stub.upstream.asked.size() == 1);
  CHECK(stub.zone(0).asked.empty());
  stub.zoned->set_hosts(std::make_shared<const Hosts>());
  CHECK(stub.ask_zoned("www.example").ttl() > Hosts::ttl);
}

TEST_CASE("Who waits when others are asked from now on is answered by whom it asked, and that is not kept") {
  Stub stub(answers(50ms));
  FakeUpstream other(stub.scheduler, "other", answers(10ms));
  const Client& before = stub.ask("before.example");
  stub.pass(10ms);
  stub.resolver.set_routes(stub.resolver.prepare(4096, borrowed(other), {}));
  const Client& again = stub.ask("before.example");  // does not share the former's exchange
  const Client& after = stub.ask("after.example");
  CHECK(stub.resolver.pending() == 3);
  stub.pass(20ms);
  CHECK(again.rcode() == Rcode::noerror);
  CHECK(after.rcode() == Rcode::noerror);
  CHECK(stub.resolver.pending() == 1);
  stub.cache.clear();
  stub.pass(20ms);
  CHECK(before.rcode() == Rcode::noerror);
  CHECK(stub.resolver.pending() == 0);
  CHECK(names_of(stub.upstream.asked) == Names{"before.example."});
  CHECK(names_of(other.asked) == Names{"before.example.", "after.example."});
  CHECK(!stub.ask("before.example").at_once);
}

TEST_CASE("What was asked of everybody's upstream is not kept if its zone came meanwhile, nor the other way round") {
  Stub stub(answers(20ms));
  FakeUpstream lan(stub.scheduler, "lan", answers(20ms));
  const auto others = borrowed(stub.upstream);
  stub.resolver.set_routes(stub.resolver.prepare(4096, others, {{named("before"), borrowed(lan)}}));
  const std::array<const Client*, 3> clients{&stub.ask("a.before"), &stub.ask("a.after"), &stub.ask("a.other")};
  stub.resolver.set_routes(stub.resolver.prepare(4096, others, {{named("after"), borrowed(lan)}}));
  stub.pass(30ms);
  for (const Client* client : clients) CHECK(client->rcode() == Rcode::noerror);
  CHECK(!stub.ask("a.before").at_once);
  CHECK(!stub.ask("a.after").at_once);
  CHECK(stub.ask("a.other").at_once);
}

TEST_CASE("A way lives until its last question is answered, and no longer") {
  Stub stub(answers(1ms));
  auto former = std::make_shared<FakeUpstream>(stub.scheduler, "former", answers(1h));
  const std::weak_ptr<FakeUpstream> alive = former;
  stub.resolver.set_routes(stub.resolver.prepare(4096, former, {{named("lan"), former}}));
  const Client& other = stub.ask("slow.example");
  const Client& local = stub.ask("slow.lan");
  former.reset();
  stub.resolver.set_routes(stub.resolver.prepare(4096, borrowed(stub.upstream), {}));
  stub.pass(4s);
  CHECK(!alive.expired());
  stub.pass(1s);
  CHECK(alive.expired());
  CHECK(other.rcode() == Rcode::servfail);
  CHECK(local.rcode() == Rcode::servfail);
  CHECK(stub.tasks.size() == 0);
}

TEST_CASE("A way that stays goes on: its questions are shared, its failures remembered") {
  Zoned stub(answers(20ms), {{"lan", fails(1ms, Fault::unreachable)}});
  const std::vector<ZoneRoute> same{{named("LAN"), borrowed(stub.zone(0))}};
  auto others = borrowed(stub.upstream);
  stub.zoned->set_routes(stub.zoned->prepare(4096, others, same));
  stub.ask_zoned("nas.lan");
  stub.pass(5ms);
  stub.ask_zoned("www.example");
  stub.zoned->set_routes(stub.zoned->prepare(4096, others, same));
  stub.ask_zoned("www.example");
  stub.ask_zoned("nas.lan");
  stub.pass(30ms);
  for (const Client& client : stub.clients) CHECK(client.reply);
  CHECK(stub.upstream.asked.size() == 1);
  CHECK(stub.zone(0).asked.size() == 1);
  CHECK(stub.metrics.coalesced == 1);
}

TEST_CASE("A zone that goes is asked of everybody else's upstream, one that comes of its own") {
  Stub stub(answers(1ms));
  FakeUpstream lan(stub.scheduler, "lan", answers(1ms)), home(stub.scheduler, "home", answers(1ms));
  const auto others = borrowed(stub.upstream);
  stub.resolver.set_routes(stub.resolver.prepare(4096, others, {{named("one"), borrowed(lan)}}));
  stub.ask("a.one");
  stub.resolver.set_routes(stub.resolver.prepare(4096, others, {{named("two"), borrowed(home)}}));
  stub.ask("b.one");
  stub.ask("b.two");
  stub.pass(5ms);
  CHECK(names_of(lan.asked) == Names{"a.one."});
  CHECK(names_of(home.asked) == Names{"b.two."});
  CHECK(names_of(stub.upstream.asked) == Names{"b.one."});
}

TEST_CASE("The limit of waiting queries is the new one at once; what was shed before is still counted") {
  Stub stub(answers(1h));
  const auto others = borrowed(stub.upstream);
  stub.resolver.set_routes(stub.resolver.prepare(4, others, {}));
  for (int i = 0; i < 6; ++i) stub.ask(fmt::format("n{}.example", i));
  CHECK(stub.metrics.overloaded == 2);
  stub.resolver.set_routes(stub.resolver.prepare(8, others, {}));
  for (int i = 6; i < 10; ++i) stub.ask(fmt::format("n{}.example", i));
  CHECK(stub.metrics.overloaded == 2);
  stub.resolver.set_routes(stub.resolver.prepare(6, others, {}));
  stub.ask("last.example");
  stub.pass(1ms);
  CHECK(stub.metrics.overloaded == 5);
  CHECK(stub.resolver.pending() == 6);
  FakeUpstream other(stub.scheduler, "other", answers(1ms));
  stub.resolver.set_routes(stub.resolver.prepare(4096, borrowed(other), {}));
  stub.ask("first.example");
  CHECK(stub.metrics.overloaded == 5);
}

TEST_CASE("Another policy answers from the moment that it is given") {
  Stub stub(answers(1ms));
  const Question version{named("version.bind"), Type::txt, Class::ch};
  CHECK(stub.ask(client_query(version)).rcode() == Rcode::refused);
  Config config;
  config.answer_chaos = true;
  const Policy policy(config);
  stub.resolver.set_policy(policy);
  CHECK(stub.ask(client_query(version)).rcode() == Rcode::noerror);
}
