#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <utility>

#include "base/descriptor.hpp"
#include "transport/dial/socket.hpp"

using namespace tacet;

namespace {

/// Two ends of a TCP connection.
struct Pair {
  Descriptor ours, theirs;

  Pair() {
    const Descriptor listener(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener.get(), generic, size) == 0);
    REQUIRE(::listen(listener.get(), 1) == 0);
    REQUIRE(::getsockname(listener.get(), generic, &size) == 0);
    ours = Descriptor(::socket(AF_INET, SOCK_STREAM, 0));
    REQUIRE(::connect(ours.get(), generic, size) == 0);
    theirs = Descriptor(::accept(listener.get(), nullptr, nullptr));
  }
};

}  // namespace

TEST_CASE("a peer that is there is told from one that has closed or broken the connection") {
  Pair pair;
  CHECK(peer_state(pair.ours.get()) == PeerState::there);
  REQUIRE(::send(pair.theirs.get(), "x", 1, 0) == 1);
  CHECK(peer_state(pair.ours.get()) == PeerState::there);
  SUBCASE("closed, with an octet unread") {
    ::shutdown(pair.theirs.get(), SHUT_WR);
    CHECK(peer_state(pair.ours.get()) == PeerState::closed);
  }
  SUBCASE("reset") {
    const linger at_once{1, 0};
    ::setsockopt(pair.theirs.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    {
      const Descriptor closed = std::move(pair.theirs);
    }
    CHECK(peer_state(pair.ours.get()) == PeerState::reset);
  }
}
