#include "listen/activation.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

using namespace tacet;

namespace {

std::uint16_t port_of(const Descriptor& socket) {
  sockaddr_storage where{};
  socklen_t size = sizeof where;
  REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&where), &size) == 0);
  return ntohs(where.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(where).sin_port
                                          : reinterpret_cast<const sockaddr_in6&>(where).sin6_port);
}

/// A socket bound to `port` of a loopback address, or none if somebody has that.
std::optional<Descriptor> bound_at(int family, int type, std::uint16_t port) {
  Descriptor socket(::socket(family, type, 0));
  sockaddr_storage where{};
  socklen_t size = sizeof(sockaddr_in);
  if (family == AF_INET) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(where);
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v4.sin_port = htons(port);
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(where);
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    v6.sin6_port = htons(port);
    size = sizeof(sockaddr_in6);
  }
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&where), size) != 0) return std::nullopt;
  return socket;
}

/// A socket as a service manager opens it: bound to `port` of a loopback address, or to one that is free for both
/// types; blocking, inheritable.
Descriptor bound(int family, int type, std::uint16_t port = 0) {
  std::optional<Descriptor> socket;
  for (int attempt = 0; attempt < 100 && !socket; ++attempt) {
    socket = bound_at(family, type, port);
    const int other = type == SOCK_DGRAM ? SOCK_STREAM : SOCK_DGRAM;
    if (socket && port == 0 && !bound_at(family, other, port_of(*socket))) socket.reset();
  }
  REQUIRE(socket.has_value());
  if (type == SOCK_STREAM) REQUIRE(::listen(socket->get(), 8) == 0);
  return std::move(*socket);
}

template <class... Sockets>
std::vector<PassedDescriptor> passed(Sockets... sockets) {
  std::vector<PassedDescriptor> all;
  (all.push_back({std::move(sockets)}), ...);
  return all;
}

std::string fault_of(std::vector<PassedDescriptor> descriptors) {
  const auto pairs = pair_passed_sockets(std::move(descriptors));
  REQUIRE(!pairs.has_value());
  CHECK(pairs.error().fault == Fault::invalid_config);
  return pairs.error().detail;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("A socket that is named tls or https has no partner, and must be TCP") {
  std::vector<PassedDescriptor> all;
  all.push_back({bound(AF_INET, SOCK_STREAM), ClientTransport::https});
  const auto taken = pair_passed_sockets(std::move(all));
  REQUIRE(taken.has_value());
  CHECK(taken->front().streams == ClientTransport::https);
  CHECK(!taken->front().udp);
  CHECK(to_string(taken->front()).starts_with("https://127.0.0.1:"));
  const auto copies = share_sockets(*taken);
  REQUIRE(copies.has_value());
  CHECK(copies->front().streams == ClientTransport::https);
  std::vector<PassedDescriptor> wrong;
  wrong.push_back({bound(AF_INET, SOCK_DGRAM), ClientTransport::tls});
  CHECK(contains(fault_of(std::move(wrong)), "is UDP, and its name is tls"));
}

TEST_CASE("sockets are paired by address and told apart by type, whatever their order") {
  auto udp4 = bound(AF_INET, SOCK_DGRAM);
  auto udp6 = bound(AF_INET6, SOCK_DGRAM);
  const auto port4 = port_of(udp4), port6 = port_of(udp6);
  auto tcp4 = bound(AF_INET, SOCK_STREAM, port4), tcp6 = bound(AF_INET6, SOCK_STREAM, port6);
  const std::vector<int> numbers{udp4.get(), udp6.get(), tcp4.get(), tcp6.get()};

  const auto pairs = pair_passed_sockets(passed(std::move(tcp6), std::move(udp4), std::move(udp6), std::move(tcp4)));
  REQUIRE(pairs.has_value());
  REQUIRE(pairs->size() == 2);
  CHECK((*pairs)[0].address == SocketAddress{.address = "::1", .port = port6});
  CHECK((*pairs)[0].udp.get() == numbers[1]);
  CHECK((*pairs)[0].tcp.get() == numbers[3]);
  CHECK((*pairs)[1].address == SocketAddress{.address = "127.0.0.1", .port = port4});
  CHECK((*pairs)[1].udp.get() == numbers[0]);
  CHECK((*pairs)[1].tcp.get() == numbers[2]);
}

TEST_CASE("paired sockets neither block nor are inherited") {
  auto udp = bound(AF_INET, SOCK_DGRAM);
  auto tcp = bound(AF_INET, SOCK_STREAM, port_of(udp));
  const auto pairs = pair_passed_sockets(passed(std::move(udp), std::move(tcp)));
  REQUIRE(pairs.has_value());
  for (const int descriptor : {pairs->front().udp.get(), pairs->front().tcp.get()}) {
    CHECK((::fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST_CASE("an address that came by one protocol only is refused with the line that is missing") {
  auto udp = bound(AF_INET, SOCK_DGRAM);
  const auto where = "=127.0.0.1:" + std::to_string(port_of(udp));
  CHECK(contains(fault_of(passed(std::move(udp))), "lacks ListenStream" + where));

  auto tcp = bound(AF_INET6, SOCK_STREAM);
  const auto where6 = "=[::1]:" + std::to_string(port_of(tcp));
  CHECK(contains(fault_of(passed(std::move(tcp))), "lacks ListenDatagram" + where6));
}

TEST_CASE("descriptors that serve no IP address are refused with their number") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const Descriptor other_end(ends[1]);
  CHECK(contains(fault_of(passed(Descriptor(ends[0]))), "descriptor 3 from the service manager is no socket"));
  CHECK(contains(fault_of(passed(Descriptor(::socket(AF_UNIX, SOCK_DGRAM, 0)))), "is no IP socket"));
}

TEST_CASE("a TCP connection in place of a listening socket is refused") {
  Descriptor not_listening(::socket(AF_INET, SOCK_STREAM, 0));
  CHECK(contains(fault_of(passed(std::move(not_listening))), "Accept=yes"));
}

TEST_CASE("two sockets for the same address and protocol are refused") {
  auto first = bound(AF_INET, SOCK_DGRAM);
  Descriptor second(::dup(first.get()));
  CHECK(contains(fault_of(passed(std::move(first), std::move(second))), "descriptor 4"));
}

TEST_CASE("no descriptors are no fault and no addresses") {
  const auto pairs = pair_passed_sockets({});
  REQUIRE(pairs.has_value());
  CHECK(pairs->empty());
}

TEST_CASE("shared sockets are further descriptors of the same sockets") {
  auto udp = bound(AF_INET, SOCK_DGRAM);
  auto tcp = bound(AF_INET, SOCK_STREAM, port_of(udp));
  const auto pairs = pair_passed_sockets(passed(std::move(udp), std::move(tcp)));
  REQUIRE(pairs.has_value());
  const auto copies = share_sockets(*pairs);
  REQUIRE(copies.has_value());
  REQUIRE(copies->size() == 1);
  CHECK(copies->front().address == pairs->front().address);
  CHECK(copies->front().udp.get() != pairs->front().udp.get());
  CHECK(port_of(copies->front().udp) == port_of(pairs->front().udp));
  CHECK(port_of(copies->front().tcp) == port_of(pairs->front().tcp));
}

TEST_CASE("descriptors meant for another process are not taken, and the variables are gone") {
  ::setenv("LISTEN_PID", "1", 1);
  ::setenv("LISTEN_FDS", "2", 1);
  ::setenv("LISTEN_FDNAMES", "dns:dns", 1);
  CHECK(take_passed_descriptors().empty());
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) CHECK(std::getenv(name) == nullptr);
}

TEST_CASE("descriptors are counted from 3, and nonsense in place of their number is none") {
  const auto me = std::to_string(::getpid());
  for (const char* count : {"0", "", "-1", "two", "99999999999999999999", "4096"}) {
    ::setenv("LISTEN_PID", me.c_str(), 1);
    ::setenv("LISTEN_FDS", count, 1);
    CHECK(take_passed_descriptors().empty());
  }
  ::setenv("LISTEN_PID", me.c_str(), 1);
  ::setenv("LISTEN_FDS", "2", 1);
  ::setenv("LISTEN_FDNAMES", "tacet.socket:https", 1);
  auto taken = take_passed_descriptors();
  REQUIRE(taken.size() == 2);
  CHECK(taken[0].streams == ClientTransport::tcp);
  CHECK(taken[1].streams == ClientTransport::https);
  CHECK(taken[0].descriptor.release() == 3);  // not ours to close: the test program may have opened them
  CHECK(taken[1].descriptor.release() == 4);
}
