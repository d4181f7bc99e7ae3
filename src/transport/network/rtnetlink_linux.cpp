#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include "transport/network/rtnetlink.hpp"

namespace tacet {
namespace {

std::unexpected<Error> failed(const char* call) {
  return fail(Fault::system, std::string("rtnetlink: ") + call + ": " + std::generic_category().message(errno));
}

}  // namespace

Descriptor subscribe_to_rtnetlink(std::uint32_t groups) {
  Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (socket && ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return socket;
}

Result<void> dump_rtnetlink(std::uint16_t type, std::uint8_t family, const std::function<bool(Bytes)>& add) {
  const Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return failed("socket");
  struct {
    nlmsghdr header;
    rtgenmsg general;
  } request{};
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.general);
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.general.rtgen_family = family;
  if (::send(socket.get(), &request, request.header.nlmsg_len, 0) < 0) return failed("send");
  std::array<std::uint8_t, 32768> buffer;
  for (;;) {
    const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size <= 0) return failed("recv");
    if (add(Bytes(buffer.data(), static_cast<std::size_t>(size)))) return {};
  }
}

}  // namespace tacet
