#include "daemon/reloader.hpp"

#include <doctest/doctest.h>

#include <new>
#include <thread>

#include "config/yaml.hpp"
#include "support/manual_clock.hpp"

using namespace std::chrono_literals;
using namespace tacet;

namespace {

Config config_of(std::string_view text) { return read_config(text, "test.yaml").value(); }

constexpr auto plain = "upstreams: [{url: 'tls://192.0.2.1'}]";

/// A reloader whose file is what `file` says, and whose parts remember what they were changed to.
struct Scene {
  Reloaded change(const std::shared_ptr<const Settings>& next) {
    if (has_no_memory) throw std::bad_alloc();
    settings.set(next);
    ++changes;
    return {.changed = {"cache"}, .forgotten = 2};
  }

  ManualClock clock;
  Loop loop{clock};
  NotifySocket notify;
  CurrentSettings settings{std::make_shared<const Settings>(config_of(plain))};
  std::expected<Config, ReloadFaults> file = config_of(plain);
  ReadConfig read = [this](const OpenFile&) { return file; };
  OpenFile open = open_file;
  bool has_no_memory = false;
  int changes = 0;
  Reloader reloader{{loop, clock, notify, settings, read, open, [this](const auto& next) { return change(next); }}};
};

}  // namespace

TEST_CASE("A reload has what was read used, and is counted") {
  Scene scene;
  scene.file = config_of("{upstreams: [{url: 'tls://192.0.2.1'}], answer_chaos: true}");
  const auto outcome = scene.reloader.reload();
  REQUIRE(outcome.has_value());
  CHECK(outcome->forgotten == 2);
  CHECK(scene.settings.get()->config.answer_chaos);
  const auto counts = scene.reloader.counts();
  CHECK(counts.good == 1);
  CHECK(counts.refused == 0);
  CHECK(counts.last_was_good);
}

TEST_CASE("A refused configuration changes nothing; the next good one counts again") {
  Scene scene;
  const auto before = scene.reloader.counts().last_good;
  scene.file = std::unexpected(ReloadFaults{"tacet.yaml:1:1: a"});
  const auto refused = scene.reloader.reload();
  REQUIRE(!refused.has_value());
  CHECK(refused.error() == ReloadFaults{"tacet.yaml:1:1: a"});
  CHECK(scene.changes == 0);
  CHECK(scene.reloader.counts().refused == 1);
  CHECK(!scene.reloader.counts().last_was_good);
  CHECK(scene.reloader.counts().last_good == before);
  scene.file = config_of(plain);
  CHECK(scene.reloader.reload().has_value());
  CHECK(scene.reloader.counts().last_was_good);
  CHECK(scene.reloader.counts().good == 1);
}

TEST_CASE("Without a file there is nothing to reload, and nothing to count") {
  Scene scene;
  scene.read = nullptr;
  const auto outcome = scene.reloader.reload();
  REQUIRE(outcome.has_value());
  CHECK(!outcome->has_file);
  CHECK(scene.changes == 0);
  CHECK(scene.reloader.counts().good == 0);
}

TEST_CASE("A change without memory is a refusal, and thrown on") {
  Scene scene;
  scene.has_no_memory = true;
  CHECK_THROWS_AS(scene.reloader.reload(), std::bad_alloc);
  CHECK(scene.reloader.counts().refused == 1);
  CHECK(!scene.reloader.counts().last_was_good);
}

TEST_CASE("Another thread gets the outcome of a reload on the loop") {
  Scene scene;
  ReloadOutcome outcome;
  std::thread other([&] {
    outcome = scene.reloader.reload_and_wait();
    scene.loop.stop();
  });
  scene.loop.run();
  other.join();
  REQUIRE(outcome.has_value());
  CHECK(outcome->changed == std::vector<std::string_view>{"cache"});
  CHECK(scene.changes == 1);
}

TEST_CASE("A thread that waits for a reload without memory hears that, and one that waits at the end hears that") {
  Scene scene;
  SUBCASE("no memory") {
    scene.has_no_memory = true;
    ReloadOutcome outcome;
    std::thread other([&] {
      outcome = scene.reloader.reload_and_wait();
      scene.loop.stop();
    });
    scene.loop.run();
    other.join();
    REQUIRE(!outcome.has_value());
    CHECK(outcome.error().front().find("memory") != std::string::npos);
  }
  SUBCASE("the loop does not run any more") {
    scene.reloader.stop_waiting();
    const auto outcome = scene.reloader.reload_and_wait();
    REQUIRE(!outcome.has_value());
    CHECK(outcome.error() == ReloadFaults{"tacet is stopping"});
  }
}

TEST_CASE("A flood of reloads is as good as one a second") {
  Scene scene;
  const auto flood = [&] {
    for (int i = 0; i < 100; ++i) {
      scene.reloader.reload_soon();
      scene.loop.scheduler().run_timers(scene.clock.now());
    }
    return scene.changes;
  };
  CHECK(flood() == 1);
  scene.clock.advance(999ms);
  CHECK(flood() == 1);
  scene.clock.advance(1ms);
  CHECK(flood() == 2);
}
