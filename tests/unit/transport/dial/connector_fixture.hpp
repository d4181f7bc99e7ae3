#pragma once
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <vector>

#include "support/manual_clock.hpp"
#include "transport/dial/connector.hpp"
#include "transport/dial/socket.hpp"

namespace tacet::fixture {

using namespace std::chrono_literals;

/// A listener on a loopback address; the kernel accepts for it until its queue is full.
struct Listener {
  Descriptor descriptor;
  SocketAddress address;

  explicit Listener(const IpAddress& on, int backlog = 16) : address{on, 0} {
    KernelAddress local = kernel_address(address).value();
    descriptor = Descriptor(::socket(local.family(), SOCK_STREAM | SOCK_NONBLOCK, 0));
    REQUIRE(::bind(descriptor.get(), local.get(), local.size) == 0);
    REQUIRE(::listen(descriptor.get(), backlog) == 0);
    REQUIRE(::getsockname(descriptor.get(), reinterpret_cast<sockaddr*>(&local.storage), &local.size) == 0);
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&local.storage);  // the port lies at the same place in both
    address.port = ntohs(v4->sin_port);
  }
};

/// A listener that nobody accepts from and whose queue is full: the kernel drops what else would connect.
struct BlackHole : Listener {
  std::vector<Descriptor> filling;
  explicit BlackHole(const IpAddress& on) : Listener(on, 0) {
    for (int i = 0; i < 3; ++i) filling.push_back(begin_connect(kernel_address(address).value()).value());
  }
};

inline SocketAddress closed_port(const IpAddress& on) { return Listener(on).address; }

/// A connector, the addresses that it tries, and what comes of it.
struct Race {
  ManualClock clock;
  Loop loop{clock};
  AddressBook book;
  SocketBudget budget;
  SharedDialPath path = std::make_shared<const DialPath>();
  std::vector<Error> failures;
  std::optional<ConnectedSocket> connected;
  std::optional<Connector> connector;

  explicit Race(std::vector<DialTarget> addresses, std::size_t limit = 8)
      : book(std::move(addresses)),
        budget(loop.scheduler(), limit) {
    connector.emplace(loop, ConnectorContext{book, budget, path},
                      Connector::Callbacks{[this](ConnectedSocket socket) {
                                             connected.emplace(std::move(socket));
                                             loop.stop();
                                           },
                                           [this](Error why) { failures.push_back(std::move(why)); }});
  }
  void pass(Duration time) {
    for (const Instant end = clock.now() + time; clock.now() < end;) {
      clock.advance(10ms);
      loop.scheduler().run_timers(clock.now());
    }
  }
};

}  // namespace tacet::fixture
