#include "system/service_manager.hpp"

#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "config/scalar.hpp"

namespace tacet {
namespace {

std::optional<std::uint64_t> variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::nullopt : parse_number(text);
}

}  // namespace

NotifySocket NotifySocket::open() {
  NotifySocket notify;
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return notify;
  const std::size_t size = std::strlen(path);
  if (size >= sizeof notify.address_.sun_path) return notify;
  notify.address_.sun_family = AF_UNIX;
  std::memcpy(notify.address_.sun_path, path, size);
  if (path[0] == '@') notify.address_.sun_path[0] = '\0';  // Linux's abstract sockets
  notify.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  notify.socket_ = Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (notify.socket_) notify.connect();
  return notify;
}

bool NotifySocket::connect() const {
  const void* const any = &address_;
  return ::connect(socket_.get(), static_cast<const sockaddr*>(any), size_) == 0;
}

/// Connects again, in case the service manager made its socket anew.
void NotifySocket::tell(std::string_view state) const {
  if (!socket_) return;
  const auto send = [&] { return ::send(socket_.get(), state.data(), state.size(), MSG_NOSIGNAL) >= 0; };
  if (!send() && connect()) send();
}

bool has_service_manager() { return std::getenv("NOTIFY_SOCKET") != nullptr; }

std::optional<Duration> watchdog_period() {
  constexpr std::uint64_t a_year =
      365ULL * 86400 * 1'000'000;  // a longer one does not fit nanoseconds and is a mistake
  const auto microseconds = variable("WATCHDOG_USEC");
  if (!microseconds || *microseconds == 0 || *microseconds > a_year) return {};
  const bool for_another =
      std::getenv("WATCHDOG_PID") && variable("WATCHDOG_PID") != static_cast<std::uint64_t>(::getpid());
  if (for_another) return {};
  return std::chrono::microseconds(*microseconds) / 2;
}

}  // namespace tacet
