#pragma once
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <vector>

#include "base/descriptor.hpp"
#include "base/loop.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// A socket of this kind (SOCK_STREAM, SOCK_DGRAM) on a free port of 127.0.0.1.
struct BoundSocket {
  Descriptor socket;
  std::uint16_t port = 0;

  explicit BoundSocket(int kind) : socket(::socket(AF_INET, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
  }
};

/// A plain DNS server on loopback: every name has these addresses with a TTL of 30 s; an empty one is none.
class NameServer {
public:
  explicit NameServer(Loop& loop)
      : bound_(SOCK_DGRAM),
        watch_(loop, bound_.socket.get(), [this](Watch::Ready) { answer(); }) {
    watch_.want_read(true);
  }

  SocketAddress address() const { return {.address = "127.0.0.1", .port = bound_.port}; }

  enum class Mood { answers, has_nothing, keeps_silent } mood = Mood::answers;
  std::vector<std::uint8_t> v4{192, 0, 2, 1};
  std::vector<std::uint8_t> v6{0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  int asked = 0;

private:
  void answer() {
    std::array<std::uint8_t, 512> buffer;
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    auto* sender = reinterpret_cast<sockaddr*>(&from);
    const ssize_t got = ::recvfrom(bound_.socket.get(), buffer.data(), buffer.size(), 0, sender, &size);
    REQUIRE(got > 16);
    ++asked;
    if (mood == Mood::keeps_silent) return;
    std::vector<std::uint8_t> reply(buffer.begin(), buffer.begin() + got);
    reply[2] |= 0x80;
    const std::uint8_t type = reply[reply.size() - 3];
    const auto& data = type == 28 ? v6 : v4;
    if (mood == Mood::answers && !data.empty()) {
      reply[7] = 1;
      const auto length = static_cast<std::uint8_t>(data.size());
      const std::array<std::uint8_t, 12> head{0xC0, 12, 0, type, 0, 1, 0, 0, 0, 30, 0, length};
      reply.insert(reply.end(), head.begin(), head.end());
      reply.insert(reply.end(), data.begin(), data.end());
    }
    CHECK(::sendto(bound_.socket.get(), reply.data(), reply.size(), 0, sender, size) > 0);
  }

  BoundSocket bound_;
  Watch watch_;
};

}  // namespace tacet
