#include "daemon/upstreams.hpp"

#include <doctest/doctest.h>

#include "config/yaml.hpp"
#include "support/manual_clock.hpp"

using namespace std::chrono_literals;
using namespace tacet;

namespace {

/// Upstreams that nobody answers for, and time to move by hand.
struct Scene {
  explicit Scene(std::string_view text)
      : upstreams({loop, metrics, [](const UpstreamConfig&, const ConnectionFacts&) {}}, read(text), trust) {}

  static Config read(std::string_view text) { return read_config(text, "test.yaml").value(); }
  void use(std::string_view text) { upstreams.use(upstreams.prepare(read(text), trust)); }
  void pass(Duration time) {
    clock.advance(time);
    loop.scheduler().run_timers(clock.now());
  }

  ManualClock clock;
  Loop loop{clock};
  Metrics metrics;
  TrustStores trust{read("upstreams: [{url: 'tls://192.0.2.1'}]")};
  Upstreams upstreams;
};

constexpr auto one = "{upstreams: [{url: 'tls://192.0.2.1'}], forward: {lan: [192.168.1.1], home: [192.168.1.1]}}";
constexpr auto other = "{upstreams: [{url: 'tls://192.0.2.2'}], forward: {home: [192.168.1.1], lan: [192.168.1.9]}}";

}  // namespace

TEST_CASE("Who is asked as before keeps its set, whatever else changes") {
  Scene scene(one);
  const auto* const set = &scene.upstreams.set();
  const auto zones = scene.upstreams.zones();
  scene.use(
      "{upstreams: [{url: 'tls://192.0.2.1'}], bootstrap: [192.0.2.53],"
      " forward: {home: [192.168.1.1], corp.example: [{url: 'tls://dns.corp.example'}]}}");
  CHECK(&scene.upstreams.set() == set);
  REQUIRE(scene.upstreams.zones().size() == 2);
  CHECK(scene.upstreams.zones()[0].upstreams == zones[1].upstreams);
}

TEST_CASE("Who is replaced lives on with those who hold it, and no longer") {
  Scene scene(one);
  auto held = scene.upstreams.set_for_others();
  auto zones = scene.upstreams.zones();
  const std::weak_ptr<Pool> former = held;
  const std::weak_ptr<Upstream> former_zone = zones[0].upstreams, kept_zone = zones[1].upstreams;
  scene.use(other);
  CHECK(scene.upstreams.set_for_others() != held);
  CHECK(scene.upstreams.zones()[0].upstreams == kept_zone.lock());
  zones.clear();
  scene.pass(1s);
  CHECK(!former.expired());
  CHECK(former_zone.expired());
  CHECK(!kept_zone.expired());
  held.reset();
  CHECK(!former.expired());  // not from within whoever let it go
  scene.pass(1s);
  CHECK(former.expired());
  CHECK(!scene.loop.scheduler().next_timer());
}

TEST_CASE("A name's set is that of the longest zone, before and after a change") {
  Scene scene("forward: {lan: [192.168.1.1], deep.lan: [192.168.1.2]}");
  const auto lanes_of = [&](std::string_view name) {
    return scene.upstreams.set_for(Name::from_text(name).value()).reports().front().id;
  };
  CHECK(lanes_of("a.deep.lan") == "192.168.1.2:53");
  CHECK(lanes_of("b.lan") == "192.168.1.1:53");
  scene.use("forward: {lan: [192.168.1.1]}");
  CHECK(lanes_of("a.deep.lan") == "192.168.1.1:53");
  CHECK(lanes_of("www.example") == "https://cloudflare-dns.com/dns-query");
}
