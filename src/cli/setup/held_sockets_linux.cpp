#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "cli/setup/held_sockets.hpp"
#include "config/scalar.hpp"
#include "transport/dial/socket.hpp"

namespace tacet {
namespace {

namespace fs = std::filesystem;

/// The descriptors of a process that are sockets.
std::vector<int> sockets_of(pid_t process) {
  std::vector<int> found;
  std::error_code error;
  const fs::path folder = "/proc/" + std::to_string(process) + "/fd";
  for (fs::directory_iterator each(folder, error); !error && each != fs::directory_iterator(); each.increment(error)) {
    std::error_code gone;
    const auto number = parse_number(each->path().filename().string());
    if (number && fs::read_symlink(each->path(), gone).string().starts_with("socket:"))
      found.push_back(static_cast<int>(*number));
  }
  return found;
}

Descriptor copy_of(const Descriptor& process, int descriptor) {
#if defined(SYS_pidfd_getfd)
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), descriptor, 0)));
#else
  return {};
#endif
}

Descriptor open_process(pid_t process) {
#if defined(SYS_pidfd_open)
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
#else
  return {};
#endif
}

int option_of(const Descriptor& socket, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(socket.get(), SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

/// SOCK_DGRAM, SOCK_STREAM if it listens, else nothing.
std::optional<int> listening_type(const Descriptor& socket) {
  const int type = option_of(socket, SO_TYPE);
  if (type == SOCK_DGRAM || (type == SOCK_STREAM && option_of(socket, SO_ACCEPTCONN) == 1)) return type;
  return {};
}

std::optional<std::uint16_t> port_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) return reinterpret_cast<const sockaddr_in&>(address).sin_port;
  if (address.ss_family == AF_INET6) return reinterpret_cast<const sockaddr_in6&>(address).sin6_port;
  return {};
}

bool is_bound_to(const Descriptor& socket, const SocketAddress& address) {
  const auto wanted = kernel_address(address);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (!wanted || ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) return false;
  const auto port = port_of(bound);
  return port && port == port_of(wanted->storage) &&
         IpAddress::from_kernel(reinterpret_cast<const sockaddr&>(bound)) == IpAddress::from_kernel(*wanted->get());
}

bool set(const Descriptor& socket, int name, int value) {
  return ::setsockopt(socket.get(), SOL_SOCKET, name, &value, sizeof value) == 0;
}

}  // namespace

HeldSockets::HeldSockets(pid_t process, const std::vector<SocketAddress>& addresses) : addresses_(addresses.size()) {
  const auto opened = open_process(process);
  if (process <= 0 || !opened) return;
  for (const int number : sockets_of(process)) {
    auto copy = copy_of(opened, number);
    const auto type = copy ? listening_type(copy) : std::nullopt;
    if (!type) continue;
    const auto at = std::ranges::find_if(addresses, [&](const SocketAddress& one) { return is_bound_to(copy, one); });
    if (at != addresses.end())
      held_.push_back({std::move(copy), static_cast<std::size_t>(at - addresses.begin()), *type});
  }
}

bool HeldSockets::complete() const {
  std::size_t served = 0;
  for (std::size_t i = 0; i < addresses_; ++i)
    served += std::ranges::any_of(held_, [i](const Held& one) { return one.address == i && one.type == SOCK_DGRAM; });
  return served > 0 && served == addresses_;
}

/// The kernel groups sockets of one owner only, so these become root's.
bool HeldSockets::share() const {
  return std::ranges::all_of(held_, [](const Held& one) {
    return ::fchown(one.socket.get(), ::geteuid(), static_cast<gid_t>(-1)) == 0 && set(one.socket, SO_REUSEPORT, 1);
  });
}

void HeldSockets::seal() const {
  for (const auto& one : held_) set(one.socket, SO_REUSEPORT, 0);
}

/// A group numbers its sockets in the order in which they came, and a filter of one instruction names the number. The
/// kernel spreads by hash once no socket has that number.
void HeldSockets::steer(Target target) const {
  for (const auto& one : held_) {
    const auto alike = std::ranges::count_if(
        held_, [&](const Held& other) { return other.address == one.address && other.type == one.type; });
    sock_filter give = BPF_STMT(BPF_RET | BPF_K, target == Target::next ? static_cast<std::uint32_t>(alike) : 0);
    const sock_fprog program{1, &give};
    ::setsockopt(one.socket.get(), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
  }
}

}  // namespace tacet
