#include "cli/probe.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <random>

#include "base/descriptor.hpp"
#include "transport/socket.hpp"

namespace tacet {
namespace {

constexpr int tries = 3;
constexpr int milliseconds_each = 2000;
constexpr int servfail = 2;

/// ". IN NS", recursion desired.
std::array<std::uint8_t, 17> root_query() {
  std::random_device random;
  const auto id = random();
  return {
      static_cast<std::uint8_t>(id >> 8U), static_cast<std::uint8_t>(id), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1};
}

Result<void> judge(const std::string& server, const std::array<std::uint8_t, 512>& reply) {
  const int rcode = reply[3] & 0xF;
  const bool answers = reply[6] != 0 || reply[7] != 0;
  if (rcode == 0 && answers) return {};
  return fail(Fault::protocol, fmt::format("{} listens, but cannot look names up ({})", server,
                                           rcode == servfail ? "SERVFAIL: no upstream answers, see its log"
                                                             : fmt::format("response code {}", rcode)));
}

std::unexpected<Error> socket_error(const std::string& server) {
  if (errno == ECONNREFUSED) return fail(Fault::unreachable, fmt::format("nobody answers at {} port 53", server));
  return fail(Fault::system, fmt::format("{}: {}", server, std::strerror(errno)));
}

}  // namespace

Result<void> probe_resolver(const std::string& server) {
  const auto where = kernel_address({.address = server, .port = 53});
  if (!where) return fail(where.error());
  const Descriptor socket(::socket(where->family(), SOCK_DGRAM, 0));
  if (!socket || ::connect(socket.get(), where->get(), where->size) != 0) return socket_error(server);
  const auto query = root_query();
  for (int i = 0; i < tries; ++i) {
    if (::send(socket.get(), query.data(), query.size(), 0) < 0) return socket_error(server);
    pollfd readable{.fd = socket.get(), .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, milliseconds_each) <= 0) continue;
    std::array<std::uint8_t, 512> reply{};
    const auto size = ::recv(socket.get(), reply.data(), reply.size(), 0);
    if (size < 0) return socket_error(server);
    const bool ours = size >= 12 && reply[0] == query[0] && reply[1] == query[1] && (reply[2] & 0x80) != 0;
    if (ours) return judge(server, reply);
  }
  return fail(Fault::timeout, fmt::format("no answer from {} port 53", server));
}

}  // namespace tacet
