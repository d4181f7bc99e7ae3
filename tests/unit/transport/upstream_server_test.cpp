#include "transport/upstream_server.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <chrono>
#include <utility>

#include "base/descriptor.hpp"
#include "support/manual_clock.hpp"
#include "support/name_server.hpp"
#include "transport/channel.hpp"

using namespace std::chrono_literals;
using namespace tacet;

namespace {

/// An upstream by name at a port where TCP connects and nobody speaks.
struct Scene {
  ManualClock clock;
  Loop loop{clock};
  do53_test::Sockets there = do53_test::bound_sockets();
  NameServer names{loop};
  Bootstrap bootstrap{loop, {names.address()}};
  SocketBudget budget{loop.scheduler(), 8};
  TaskGroup tasks;

  Scene() {
    names.v4 = {127, 0, 0, 1};
    names.v6 = {};
    REQUIRE(::listen(there.tcp.get(), 16) == 0);
  }

  UpstreamServerContext context() {
    UpstreamConfig config;
    config.url = "tls://dns.test";
    config.host = "dns.test";
    config.port = there.port;
    config.encryption = Encryption::dot;
    return {loop, tasks, std::move(config), TrustStore::begin_load("", open_file), budget, bootstrap, {}};
  }
  /// Turns of the loop until `is_so` or nothing more happens. Time stands still, so nobody gives anything up.
  template <class Condition>
  bool comes(Condition is_so) {
    for (const auto end = std::chrono::steady_clock::now() + 5s; std::chrono::steady_clock::now() < end;) {
      if (is_so()) return true;
      loop.post([this] { loop.stop(); });
      loop.run();
    }
    return false;
  }
  bool connects() {
    return comes([this] { return static_cast<bool>(Descriptor(::accept(there.tcp.get(), nullptr, nullptr))); });
  }
};

}  // namespace

TEST_CASE("a connection does not wait for a bootstrap server that keeps silent, once an address is known") {
  Scene scene;
  UpstreamServer server(scene.context());
  {
    Channel first(server, 0);
    first.prepare();
    REQUIRE(scene.connects());
  }
  scene.clock.advance(24h);
  scene.names.mood = NameServer::Mood::keeps_silent;
  const std::size_t asked = scene.names.asked();
  Channel channel(server, 1);
  channel.prepare();
  CHECK(scene.connects());
  CHECK(scene.comes([&] { return scene.names.asked() > asked; }));

  UpstreamServer anew(scene.context());  // of a reload
  Channel of_it(anew, 0);
  of_it.prepare();
  CHECK(scene.connects());
  scene.tasks.cancel();
}
