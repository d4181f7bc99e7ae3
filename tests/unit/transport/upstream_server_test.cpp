#include "transport/upstream_server.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "base/descriptor.hpp"
#include "support/manual_clock.hpp"
#include "transport/channel.hpp"

using namespace std::chrono_literals;
using namespace tacet;

namespace {

/// A socket of this kind on a free port of 127.0.0.1.
struct Bound {
  Descriptor socket;
  std::uint16_t port = 0;

  explicit Bound(int kind) : socket(::socket(AF_INET, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
  }
};

/// A plain DNS server that says that every name is at `address`, or nothing.
struct NameServer : Bound {
  std::array<std::uint8_t, 4> address{127, 0, 0, 1};
  bool is_silent = false;
  int asked = 0;
  Watch watch;

  explicit NameServer(Loop& loop) : Bound(SOCK_DGRAM), watch(loop, socket.get(), [this](Watch::Ready) { answer(); }) {
    watch.want_read(true);
  }

  void answer() {
    std::array<std::uint8_t, 512> buffer{};
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    auto* sender = reinterpret_cast<sockaddr*>(&from);
    const ssize_t got = ::recvfrom(socket.get(), buffer.data(), buffer.size(), 0, sender, &size);
    REQUIRE(got > 16);
    ++asked;
    if (is_silent) return;
    std::vector<std::uint8_t> reply(buffer.begin(), buffer.begin() + got);
    reply[2] |= 0x80;
    if (reply[reply.size() - 3] == 1) {
      reply[7] = 1;
      const std::array<std::uint8_t, 12> head{0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4};
      reply.insert(reply.end(), head.begin(), head.end());
      reply.insert(reply.end(), address.begin(), address.end());
    }
    CHECK(::sendto(socket.get(), reply.data(), reply.size(), 0, sender, size) > 0);
  }
};

/// An upstream by name at a port where TCP connects and nobody speaks.
struct Scene {
  ManualClock clock;
  Loop loop{clock};
  Bound there{SOCK_STREAM};
  NameServer names{loop};
  Bootstrap bootstrap{loop, {{.address = "127.0.0.1", .port = names.port}}};
  SocketBudget budget{loop.scheduler(), 8};
  TaskGroup tasks;

  Scene() { REQUIRE(::listen(there.socket.get(), 16) == 0); }

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
    return comes([this] { return static_cast<bool>(Descriptor(::accept(there.socket.get(), nullptr, nullptr))); });
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
  scene.names.is_silent = true;
  const int asked = scene.names.asked;
  Channel channel(server, 1);
  channel.prepare();
  CHECK(scene.connects());
  CHECK(scene.comes([&] { return scene.names.asked > asked; }));

  UpstreamServer anew(scene.context());  // of a reload
  Channel of_it(anew, 0);
  of_it.prepare();
  CHECK(scene.connects());
  scene.tasks.cancel();
}
