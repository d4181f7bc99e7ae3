#include "transport/dial/socket.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

using namespace tacet;

namespace {

struct Listener {
  Descriptor descriptor{::socket(AF_INET, SOCK_STREAM, 0)};
  KernelAddress address = kernel_address({IpAddress("127.0.0.1"), 0}).value();
  Listener() {
    REQUIRE(::bind(descriptor.get(), address.get(), address.size) == 0);
    REQUIRE(::listen(descriptor.get(), 1) == 0);
    REQUIRE(::getsockname(descriptor.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.size) == 0);
  }
};

}  // namespace

TEST_CASE("To this machine segments are as large as the loopback takes them") {
  // Over a link they are small: tests/faults/small_packets_test.py.
  const Listener listener;
  const Result<Descriptor> ours = begin_connect(listener.address);
  REQUIRE(ours);
  const Descriptor theirs(::accept(listener.descriptor.get(), nullptr, nullptr));
  int octets = 0;
  socklen_t size = sizeof octets;
  REQUIRE(::getsockopt(theirs.get(), IPPROTO_TCP, TCP_MAXSEG, &octets, &size) == 0);
  CHECK(octets > 1460);
}

TEST_CASE("A connection does not wait 200 ms to send a lost query again, where the kernel lets us say so") {
  constexpr int rto_min_option = 45;  // TCP_RTO_MIN_US, since Linux 6.15
  const auto least_wait = [](int descriptor) {
    int microseconds = 0;
    socklen_t size = sizeof microseconds;
    const bool known = ::getsockopt(descriptor, IPPROTO_TCP, rto_min_option, &microseconds, &size) == 0;
    return known ? microseconds : 0;
  };
  const Listener listener;
  const Result<Descriptor> ours = begin_connect(listener.address);
  REQUIRE(ours);
  if (least_wait(listener.descriptor.get()) == 0) return;  // an older kernel
  CHECK(least_wait(ours->get()) <= 20000);
}
