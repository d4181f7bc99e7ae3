#include <doctest/doctest.h>

#include "unit/resolve/resolver_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

/// A client that loads a page: its first name, and others behind it.
struct Reader : Stub {
  explicit Reader(FakeUpstream::Script script, Settings settings = {}) : Stub(std::move(script), std::move(settings)) {}

  /// Returns the last client.
  const Client& load(std::string_view first = "www.example",
                     std::initializer_list<std::string_view> others = {"cdn.example", "img.example"}) {
    const Client* last = &ask(first);
    pass(100ms);
    for (const auto each : others) last = &ask(each);
    pass(50ms);
    return *last;
  }
  std::size_t asked() const { return upstream.asked.size(); }
};

FakeUpstream::Script by_name(std::uint32_t ttl_of_first, std::uint32_t ttl_of_others) {
  return [=](const Message& query) {
    const bool is_first = query.question().name == question("www.example").name;
    return answers(20ms, is_first ? ttl_of_first : ttl_of_others)(query);
  };
}

}  // namespace

TEST_CASE("When a page's first name comes again, those behind it are fetched before they are asked for") {
  Reader reader(by_name(3600, 60));
  reader.load();
  CHECK(reader.asked() == 3);
  reader.pass(5min);
  CHECK(reader.ask("www.example").at_once);
  reader.pass(50ms);
  CHECK(reader.asked() == 5);
  CHECK(reader.ask("cdn.example").at_once);
  CHECK(reader.ask("img.example").at_once);
  CHECK(reader.asked() == 5);
  CHECK(reader.metrics.followers_asked == 2);
  CHECK(reader.metrics.followers_used == 2);
}

TEST_CASE("A client that comes while a follower is being fetched waits only for the rest, and proves the guess") {
  Reader reader(by_name(3600, 60));
  reader.load();
  reader.pass(5min);
  reader.ask("www.example");
  reader.pass(10ms);
  const Client& client = reader.ask("cdn.example");
  reader.pass(10ms);
  CHECK(client.rcode() == Rcode::noerror);
  CHECK(client.taken == 10ms);
  CHECK(reader.metrics.followers_used == 1);
}

TEST_CASE("Followers that are fresh are not fetched") {
  Reader reader(by_name(3600, 600));
  reader.load();
  reader.pass(5min);
  reader.load();
  CHECK(reader.asked() == 3);
  CHECK(reader.metrics.followers_asked == 0);
}

TEST_CASE("Nothing is fetched ahead if the key is off, once it goes off, or after the cache was cleared") {
  SUBCASE("off") {
    Reader reader(by_name(3600, 60), {.cache = {.followers = false}});
    reader.load();
    reader.pass(5min);
    reader.ask("www.example");
    reader.pass(50ms);
    CHECK(reader.asked() == 3);
  }
  SUBCASE("goes off") {
    Reader reader(by_name(3600, 60));
    reader.load();
    reader.pass(5min);
    reader.cache.set_config({.followers = false});
    reader.ask("www.example");
    reader.pass(50ms);
    CHECK(reader.asked() == 3);
  }
  SUBCASE("cleared") {
    Reader reader(by_name(3600, 60));
    reader.load();
    reader.pass(5min);
    reader.cache.clear();
    reader.ask("cdn.example");
    reader.pass(5min);
    reader.ask("www.example");
    reader.pass(50ms);
    CHECK(reader.asked() == 5);
    CHECK(reader.metrics.followers_asked == 0);
  }
}

TEST_CASE("A follower that the hosts file has since is not fetched") {
  Reader reader(by_name(3600, 60));
  reader.load();
  reader.pass(5min);
  reader.resolver.set_hosts(std::make_shared<const Hosts>(Hosts::parse("192.0.2.1 cdn.example\n")));
  reader.ask("www.example");
  reader.pass(50ms);
  CHECK(reader.asked() == 4);
}

TEST_CASE("Followers are not fetched while the upstreams are silent") {
  Reader reader(by_name(3600, 60));
  reader.load();
  reader.pass(5min);
  reader.upstream.script = fails(5ms, Fault::unreachable);
  reader.ask("other.example");
  reader.pass(1s);
  const std::size_t before = reader.asked();
  reader.ask("www.example");
  reader.pass(50ms);
  CHECK(reader.asked() == before);
}

TEST_CASE("Guesses that nobody uses stop by themselves") {
  Reader reader(by_name(36000, 1));
  for (int page = 0; page < 40; ++page) {
    const std::string first = "p" + std::to_string(page) + ".example";
    reader.ask(first);
    reader.pass(100ms);
    for (int i = 0; i < 10; ++i) reader.ask("f" + std::to_string(i) + first);
    reader.pass(2s);
  }
  for (int page = 0; page < 40; ++page) {
    reader.ask("p" + std::to_string(page) + ".example");
    reader.pass(2s);
  }
  CHECK(reader.metrics.followers_used == 0);
  CHECK(reader.metrics.followers_asked <= 128 + 440 / 4);
  CHECK(reader.metrics.ahead_denied > 0);
}

TEST_CASE("A refresh counts as used only when a client asks after the end of the former answer") {
  Stub stub(answers(20ms, 100));
  stub.ask("www.example");
  stub.pass(50s);
  stub.ask("www.example");
  stub.pass(40s);
  stub.ask("www.example");
  stub.pass(1s);
  REQUIRE(stub.metrics.prefetches == 1);
  stub.ask("www.example");
  CHECK(stub.metrics.prefetches_used == 0);
  stub.pass(30s);
  CHECK(stub.ask("www.example").at_once);
  CHECK(stub.metrics.prefetches_used == 1);
  CHECK(stub.upstream.asked.size() == 2);
}

TEST_CASE(
    "With stale at_once, an answer that has just expired goes out at once and is fetched behind it, RFC 8767 §5") {
  Stub stub(answers(20ms, 100), {.cache = {.stale = StaleUse::at_once}});
  stub.ask("www.example");
  stub.pass(110s);
  const Client& client = stub.ask("www.example");
  stub.scheduler.run_ready();
  REQUIRE(client.reply);
  CHECK(client.taken == Duration::zero());
  CHECK(client.ttl() == Resolver::stale_ttl);
  CHECK(stub.metrics.answers[static_cast<std::size_t>(Source::stale)] == 1);
  stub.pass(20ms);
  CHECK(stub.upstream.asked.size() == 2);
  CHECK(stub.ask("www.example").at_once);
  CHECK(stub.ask("www.example").ttl() > 90);
}

TEST_CASE("With stale at_once, an answer that expired long ago is waited for") {
  Stub stub(answers(20ms, 100), {.cache = {.stale = StaleUse::at_once}});
  stub.ask("www.example");
  stub.pass(2h);
  const Client& client = stub.ask("www.example");
  stub.scheduler.run_ready();
  CHECK_FALSE(client.reply);
  stub.pass(20ms);
  CHECK(client.ttl() == 100);
}
