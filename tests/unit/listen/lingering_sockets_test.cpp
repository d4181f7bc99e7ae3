#include "listen/lingering_sockets.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "support/manual_clock.hpp"

using namespace std::chrono_literals;
using namespace tacet;

namespace {

struct Fixture {
  ManualClock clock;
  Loop loop{clock};
  LingeringSockets sockets{loop};

  /// A client that has sent something unread; its connection ends.
  Descriptor ended() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    Descriptor ours(ends[0]), client(ends[1]);
    REQUIRE(says(client));
    sockets.add(std::move(ours));
    return client;
  }
  static bool says(const Descriptor& client) { return ::send(client.get(), "x", 1, MSG_NOSIGNAL) == 1; }
  void settle() {
    for (int turn = 0; turn < 50; ++turn) {
      loop.post([this] { loop.stop(); });
      loop.run();
    }
  }
  void pass(Duration time) {
    clock.advance(time);
    settle();
  }
};

/// True if the other side has ended its stream and did not break the connection.
bool is_at_end(const Descriptor& client) {
  char octet = 0;
  return ::recv(client.get(), &octet, 1, 0) == 0;
}

bool is_broken(const Descriptor& client) { return !Fixture::says(client) && errno == EPIPE; }

}  // namespace

TEST_CASE_FIXTURE(Fixture,
                  "a client that has sent more than was read gets an end and no reset, and may send on for a while") {
  const Descriptor client = ended();
  CHECK(is_at_end(client));
  pass(1900ms);
  CHECK(says(client));
  settle();
  CHECK(is_at_end(client));
  pass(100ms);
  CHECK(is_broken(client));
}

TEST_CASE_FIXTURE(Fixture, "a client that ends its stream as well is let go at once") {
  const Descriptor client = ended();
  CHECK(::shutdown(client.get(), SHUT_WR) == 0);
  settle();
  char octet = 0;
  CHECK(::recv(client.get(), &octet, 1, 0) == 0);
  int error = 0;
  socklen_t size = sizeof error;
  CHECK(::getsockopt(client.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0);
  CHECK(error == 0);
}

TEST_CASE_FIXTURE(Fixture, "of too many, the oldest goes, and all go when their descriptors are needed") {
  std::vector<Descriptor> clients;
  for (std::size_t i = 0; i < LingeringSockets::most + 1; ++i) clients.push_back(ended());
  CHECK(is_broken(clients[0]));
  CHECK(says(clients[1]));
  CHECK(says(clients.back()));
  settle();
  sockets.clear();
  for (const Descriptor& client : clients) {
    CHECK(is_broken(client));
    CHECK(is_at_end(client));
  }
}
