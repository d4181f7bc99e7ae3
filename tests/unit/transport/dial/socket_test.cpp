#include "transport/dial/socket.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

using namespace tacet;

TEST_CASE("A connection does not wait 200 ms to send a lost query again, where the kernel lets us say so") {
  constexpr int rto_min_option = 45;  // TCP_RTO_MIN_US, since Linux 6.15
  const auto least_wait = [](int descriptor) {
    int microseconds = 0;
    socklen_t size = sizeof microseconds;
    const bool known = ::getsockopt(descriptor, IPPROTO_TCP, rto_min_option, &microseconds, &size) == 0;
    return known ? microseconds : 0;
  };
  const Descriptor listener(::socket(AF_INET, SOCK_STREAM, 0));
  KernelAddress local = kernel_address({IpAddress("127.0.0.1"), 0}).value();
  REQUIRE(::bind(listener.get(), local.get(), local.size) == 0);
  REQUIRE(::listen(listener.get(), 1) == 0);
  REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&local.storage), &local.size) == 0);
  const Result<Descriptor> ours = begin_connect(local);
  REQUIRE(ours);
  if (least_wait(listener.get()) == 0) return;  // an older kernel
  CHECK(least_wait(ours->get()) <= 20000);
}
