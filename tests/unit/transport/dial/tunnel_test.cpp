#include "transport/dial/tunnel.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "base/descriptor.hpp"

using namespace std::string_literals;
using namespace tacet;

namespace {

/// A tunnel and its proxy, on the two ends of a pair of sockets.
struct Ends {
  Descriptor ours, theirs;
  Tunnel tunnel{{.proxy = {.kind = ProxyKind::socks5}, .target = {"1.1.1.1", 853}, .isolation = "a"}};

  Ends() {
    std::array<int, 2> pair{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()) == 0);
    ours = Descriptor(pair[0]);
    theirs = Descriptor(pair[1]);
  }
  void say(const std::string& octets) { REQUIRE(::send(theirs.get(), octets.data(), octets.size(), 0) > 0); }
  static std::string waiting_at(const Descriptor& end) {
    std::string octets(512, ' ');
    const ssize_t size = ::recv(end.get(), octets.data(), octets.size(), 0);
    octets.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return octets;
  }
};

}  // namespace

TEST_CASE("a tunnel leaves the octets behind its handshake to the connection") {
  Ends ends;
  REQUIRE(ends.tunnel.go_on(ends.ours.get()));
  CHECK(Ends::waiting_at(ends.theirs) == "\x05\x02\x00\x02"s);
  ends.say("\x05\x00"s);
  REQUIRE(ends.tunnel.go_on(ends.ours.get()));
  CHECK_FALSE(ends.tunnel.wants_write());
  CHECK(Ends::waiting_at(ends.theirs).size() == 10);
  ends.say("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00hello"s);
  REQUIRE(ends.tunnel.go_on(ends.ours.get()));
  CHECK(ends.tunnel.is_done());
  CHECK(Ends::waiting_at(ends.ours) == "hello");
}

TEST_CASE("a proxy that hangs up without a reply is a failure in clear words") {
  Ends ends;
  REQUIRE(ends.tunnel.go_on(ends.ours.get()));
  ends.theirs = Descriptor();
  const auto gone_on = ends.tunnel.go_on(ends.ours.get());
  REQUIRE_FALSE(gone_on);
  CHECK(gone_on.error().fault == Fault::unreachable);
}

TEST_CASE("no two races for a connection have the same user name") { CHECK(isolation_name() != isolation_name()); }
