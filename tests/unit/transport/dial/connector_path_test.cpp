#include "unit/transport/dial/connector_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

/// The listener of a proxy with what it has accepted.
struct Proxy : Listener {
  Descriptor client;
  Proxy() : Listener("127.0.0.1") {}

  void accept() {
    client = Descriptor(::accept(descriptor.get(), nullptr, nullptr));
    REQUIRE(client);
  }
  void say(std::string_view octets) const {
    REQUIRE(::send(client.get(), octets.data(), octets.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(octets.size()));
  }
  std::string heard() const {
    std::string octets(512, ' ');
    const ssize_t size = ::recv(client.get(), octets.data(), octets.size(), MSG_DONTWAIT);
    octets.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return octets;
  }
};

SharedDialPath by(ProxyKind kind, const SocketAddress& proxy) {
  return std::make_shared<const DialPath>(DialPath{.proxy = {.kind = kind, .address = proxy}});
}

/// Runs the loop until nothing is ready.
void settle(Loop& loop) {
  for (int turn = 0; turn < 6; ++turn) {
    loop.post([&loop] { loop.stop(); });
    loop.run();
  }
}

}  // namespace

TEST_CASE("a proxy gets the upstream's address, and its tunnel is handed over as that address") {
  Proxy proxy;
  Race race({{"192.0.2.1", 853}});
  race.path = by(ProxyKind::http, proxy.address);
  race.connector->start();
  settle(race.loop);
  proxy.accept();
  CHECK(proxy.heard() == "CONNECT 192.0.2.1:853 HTTP/1.1\r\nHost: 192.0.2.1:853\r\n\r\n");
  CHECK_FALSE(race.connected);
  proxy.say("HTTP/1.1 200 OK\r\n\r\n");
  race.loop.run();
  REQUIRE(race.connected);
  CHECK(race.connected->address() == SocketAddress{"192.0.2.1", 853});
  CHECK(race.connected->facts(Transport::dot).proxy == "http://" + to_string(proxy.address));
  CHECK(race.connected->facts(Transport::dot).interface.starts_with("lo"));
  CHECK(race.budget.used() == 1);
}

TEST_CASE("a proxy that accepts and says nothing is no answer: the next address has its turn 250 ms later") {
  Proxy proxy;
  Race race({{"192.0.2.1", 853}, {"192.0.2.2", 853}});
  race.path = by(ProxyKind::http, proxy.address);
  race.connector->start();
  settle(race.loop);
  proxy.accept();
  CHECK(proxy.heard().starts_with("CONNECT 192.0.2.1:853 "));
  race.pass(250ms);
  settle(race.loop);
  proxy.accept();
  CHECK(proxy.heard().starts_with("CONNECT 192.0.2.2:853 "));
  CHECK(race.failures.empty());
  SUBCASE("and the first that has a tunnel wins") {
    proxy.say("HTTP/1.1 200 OK\r\n\r\n");
    race.loop.run();
    REQUIRE(race.connected);
    CHECK(race.connected->address().host() == "192.0.2.2");
    CHECK(race.budget.used() == 1);
  }
  SUBCASE("and neither attempt ends before ten seconds, which Tor may need") {
    race.pass(1500ms);
    CHECK(race.budget.used() >= 2);
    CHECK(race.failures.empty());
  }
}

TEST_CASE("a proxy that is not there is named, and tried again") {
  const SocketAddress proxy = closed_port("127.0.0.1");
  Race race({{"192.0.2.1", 853}, {"192.0.2.2", 853}, {"192.0.2.3", 853}});
  race.path = by(ProxyKind::socks5, proxy);
  race.connector->start();
  settle(race.loop);
  race.pass(10ms);
  REQUIRE(race.failures.size() == 1);
  CHECK(race.failures.front().fault == Fault::unreachable);
  CHECK(race.failures.front().detail.starts_with("192.0.2.1:853: the proxy socks5://" + to_string(proxy) + ": "));
  CHECK(race.connector->running());
}

TEST_CASE("an attempt leaves by the address or the interface of its path, and a missing one is no network") {
  const Listener server("127.0.0.1");
  Race race({server.address});
  SUBCASE("an address of this machine") {
    race.path = std::make_shared<const DialPath>(DialPath{.via = {.address = IpAddress("127.0.0.9")}});
    race.connector->start();
    race.loop.run();
    REQUIRE(race.connected);
    KernelAddress local;
    local.size = sizeof local.storage;
    REQUIRE(::getsockname(race.connected->get(), reinterpret_cast<sockaddr*>(&local.storage), &local.size) == 0);
    CHECK(reinterpret_cast<const sockaddr_in&>(local.storage).sin_addr.s_addr == htonl(0x7f000009));
  }
  SUBCASE("another's address, another family's, and an interface that is not there") {
    for (const ViaConfig& via : {ViaConfig{.address = IpAddress("192.0.2.77")}, ViaConfig{.address = IpAddress("::1")},
                                 ViaConfig{.interface = "no-such-link"}}) {
      race.path = std::make_shared<const DialPath>(DialPath{.via = via});
      race.failures.clear();
      race.connector->start();
      race.pass(10ms);
      REQUIRE(race.failures.size() == 1);
      CHECK(race.failures.front().fault == Fault::no_network);
      CHECK_MESSAGE(race.failures.front().detail.contains(to_string(via)), race.failures.front().detail);
      race.connector->stop();
    }
  }
}
