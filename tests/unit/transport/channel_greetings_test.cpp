#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <utility>
#include <vector>

#include "dns/edns.hpp"
#include "support/manual_clock.hpp"
#include "transport/channel.hpp"
#include "transport/dial/socket.hpp"

using namespace std::chrono_literals;
using namespace tacet;

namespace {

/// A port of 127.0.0.1 where nobody listens.
std::uint16_t closed_port() {
  KernelAddress local = kernel_address({.address = "127.0.0.1", .port = 0}).value();
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(socket.get(), local.get(), local.size) == 0);
  REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&local.storage), &local.size) == 0);
  return ntohs(reinterpret_cast<const sockaddr_in*>(&local.storage)->sin_port);
}

/// A channel to an upstream that is not there.
struct Scene {
  ManualClock clock;
  Loop loop{clock};
  Bootstrap bootstrap{loop, {}};
  SocketBudget budget{loop.scheduler(), 8};
  std::vector<GreetingOutcome> seen;
  TaskGroup tasks;
  UpstreamServer server{context()};
  Channel channel{server, 0};

  UpstreamServerContext context() {
    UpstreamConfig config;
    config.url = "tls://127.0.0.1";
    config.host = "127.0.0.1";
    config.host_is_address = true;
    config.port = closed_port();
    config.encryption = Encryption::dot;
    return {loop,
            tasks,
            std::move(config),
            TrustStore::begin_load("", open_file),
            budget,
            bootstrap,
            {},
            [this](const GreetingSight& sight) { seen.push_back(sight.showed); }};
  }
  static Task<void> ask(Scene& scene) {
    const Message query = upstream_query({Name::from_text("www.example").value(), Type::a}, false, false);
    CHECK_FALSE(co_await scene.channel.exchange(query, scene.clock.now() + 4s));
    scene.loop.stop();
  }
  void ask_once() {
    tasks.spawn(ask(*this));
    loop.run();
  }
};

}  // namespace

TEST_CASE("as long as clients ask, it is told again and again that an upstream cannot be reached") {
  Scene scene;
  for (int second = 0; second < 25; ++second) {
    scene.ask_once();
    scene.clock.advance(1s);
    scene.loop.scheduler().run_timers(scene.clock.now());
  }
  CHECK(scene.seen == std::vector(3, GreetingOutcome::closed));
}
