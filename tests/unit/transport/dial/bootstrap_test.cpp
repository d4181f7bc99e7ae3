#include "transport/dial/bootstrap.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/descriptor.hpp"
#include "base/task_group.hpp"
#include "support/manual_clock.hpp"

using namespace std::chrono_literals;
using namespace tacet;

namespace {

/// A plain DNS server on loopback for one name: A 192.0.2.1 and AAAA 2001:db8::1 with a TTL of 30 s.
class Server {
public:
  explicit Server(Loop& loop)
      : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
        watch_(loop, socket_.get(), [this](Watch::Ready) { answer(); }) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    watch_.want_read(true);
  }

  SocketAddress address() const { return {.address = "127.0.0.1", .port = port_}; }

  enum class Mood { answers, has_nothing, keeps_silent } mood = Mood::answers;
  int asked = 0;

private:
  void answer() {
    std::array<std::uint8_t, 512> buffer;
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    auto* sender = reinterpret_cast<sockaddr*>(&from);
    const ssize_t got = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0, sender, &size);
    REQUIRE(got > 16);
    ++asked;
    if (mood == Mood::keeps_silent) return;
    std::vector<std::uint8_t> reply(buffer.begin(), buffer.begin() + got);
    reply[2] |= 0x80;
    if (mood == Mood::answers) {
      reply[7] = 1;
      const bool v6 = reply[reply.size() - 3] == 28;
      std::vector<std::uint8_t> record{0xC0, 12, 0, std::uint8_t(v6 ? 28 : 1), 0, 1, 0, 0,
                                       0,    30, 0, std::uint8_t(v6 ? 16 : 4)};
      std::vector<std::uint8_t> data{192, 0, 2, 1};
      if (v6) data = {0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
      record.insert(record.end(), data.begin(), data.end());
      reply.insert(reply.end(), record.begin(), record.end());
    }
    CHECK(::sendto(socket_.get(), reply.data(), reply.size(), 0, sender, size) > 0);
  }

  Descriptor socket_;
  Watch watch_;
  std::uint16_t port_ = 0;
};

struct Bench {
  ManualClock clock;
  Loop loop{clock};
  Server server{loop};
  Bootstrap bootstrap{loop, {server.address()}};
  std::optional<Result<std::vector<IpAddress>>> found;
  TaskGroup tasks;

  static Task<void> ask(Bench& bench, Duration patience) {
    const std::string host = "dns.test";
    bench.found = co_await bench.bootstrap.resolve(host, bench.clock.now() + patience);
    bench.loop.stop();
  }
  Result<std::vector<IpAddress>> resolve(Duration patience = 5s) {
    found.reset();
    tasks.spawn(ask(*this, patience));
    loop.run();
    return *found;
  }
};

}  // namespace

TEST_CASE("a name's IPv4 and IPv6 addresses are asked for at the configured server") {
  Bench bench;
  auto found = bench.resolve();
  REQUIRE(found);
  std::ranges::sort(*found, {}, &IpAddress::is_v6);
  CHECK(*found == std::vector<IpAddress>{"192.0.2.1", "2001:db8::1"});
  CHECK(bench.server.asked == 2);
  CHECK(bench.bootstrap.lookups() == 1);
}

TEST_CASE("what was found is used for a minute even if its TTL is shorter, then asked for again") {
  Bench bench;
  REQUIRE(bench.resolve());
  bench.clock.advance(59s);
  CHECK(bench.resolve());
  CHECK(bench.bootstrap.lookups() == 1);
  bench.clock.advance(2s);
  CHECK(bench.resolve());
  CHECK(bench.bootstrap.lookups() == 2);
}

TEST_CASE("an answer without addresses is a failure, and does not displace what was known") {
  Bench bench;
  bench.server.mood = Server::Mood::has_nothing;
  const auto nothing = bench.resolve();
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().fault == Fault::protocol);
  bench.server.mood = Server::Mood::answers;
  REQUIRE(bench.resolve());
  bench.clock.advance(61s);
  bench.server.mood = Server::Mood::has_nothing;
  CHECK(bench.resolve());
  CHECK(bench.bootstrap.lookups() == 3);
}

TEST_CASE("a silent server is given up at the deadline; what was known before is used all the same") {
  Bench bench;
  bench.server.mood = Server::Mood::keeps_silent;
  const auto nothing = bench.resolve(0s);
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().fault == Fault::timeout);
  bench.server.mood = Server::Mood::answers;
  REQUIRE(bench.resolve());
  bench.clock.advance(24h);
  bench.server.mood = Server::Mood::keeps_silent;
  CHECK(bench.resolve(0s));
}

TEST_CASE("a look-up may be given up while its questions are under way") {
  Bench bench;
  bench.server.mood = Server::Mood::keeps_silent;
  bench.tasks.spawn(Bench::ask(bench, 5s));
  bench.tasks.cancel();
  CHECK_FALSE(bench.found);
}

TEST_CASE("without bootstrap servers nothing is asked") {
  Bench bench;
  Bootstrap none(bench.loop, {});
  std::optional<Result<std::vector<IpAddress>>> found;
  const auto ask = [](Bootstrap& from, auto& to) -> Task<void> {
    const std::string host = "dns.test";
    to = co_await from.resolve(host, Instant{});
  };
  bench.tasks.spawn(ask(none, found));
  REQUIRE(found);
  CHECK(found->error().fault == Fault::invalid_config);
  CHECK(none.lookups() == 0);
}

TEST_CASE("other servers are asked from now on, and what the former said is not believed any more") {
  Bench bench;
  REQUIRE(bench.resolve());
  bench.bootstrap.use({bench.server.address()});
  CHECK(bench.resolve());
  CHECK(bench.bootstrap.lookups() == 1);
  Server other(bench.loop);
  bench.bootstrap.use({other.address()});
  CHECK(bench.resolve());
  CHECK(bench.server.asked == 2);
  CHECK(other.asked == 2);
  bench.bootstrap.use({});
  CHECK(bench.resolve().error().fault == Fault::invalid_config);
}
