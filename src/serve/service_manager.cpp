#include "serve/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/descriptor.hpp"
#include "config/scalar.hpp"

namespace tacet {
namespace {

std::optional<std::uint64_t> variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::nullopt : parse_number(text);
}

}  // namespace

void notify_service_manager(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t size = std::strlen(path);
  if (size >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, size);
  if (path[0] == '@') address.sun_path[0] = '\0';  // Linux's abstract sockets
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return;
  ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
           static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size));
}

bool has_service_manager() { return std::getenv("NOTIFY_SOCKET") != nullptr; }

std::optional<Duration> watchdog_period() {
  constexpr std::uint64_t a_year =
      365ULL * 86400 * 1'000'000;  // a longer one cannot be counted in nanoseconds, nor meant
  const auto microseconds = variable("WATCHDOG_USEC");
  if (!microseconds || *microseconds == 0 || *microseconds > a_year) return {};
  const bool for_another =
      std::getenv("WATCHDOG_PID") && variable("WATCHDOG_PID") != static_cast<std::uint64_t>(::getpid());
  if (for_another) return {};
  return std::chrono::microseconds(*microseconds) / 2;
}

}  // namespace tacet
