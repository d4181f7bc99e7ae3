#include "system/service_manager.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>

using namespace tacet;
using std::chrono::seconds;

namespace {

/// The environment as a service manager sets it, for the time of a test.
class Watchdog {
public:
  Watchdog(const char* microseconds, const std::string& pid) {
    ::setenv("WATCHDOG_USEC", microseconds, 1);
    if (pid.empty())
      ::unsetenv("WATCHDOG_PID");
    else
      ::setenv("WATCHDOG_PID", pid.c_str(), 1);
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog() {
    ::unsetenv("WATCHDOG_USEC");
    ::unsetenv("WATCHDOG_PID");
  }
};

/// A service manager's socket, and what it has heard.
class Listener {
public:
  explicit Listener(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ::unlink(path.c_str());
    const void* const any = &address;
    REQUIRE(::bind(socket_.get(), static_cast<const sockaddr*>(any), sizeof address) == 0);
  }
  std::string hears() {
    std::array<char, 64> text{};
    const ssize_t got = ::recv(socket_.get(), text.data(), text.size(), MSG_DONTWAIT);
    return got < 0 ? "nothing" : std::string(text.data(), static_cast<std::size_t>(got));
  }

private:
  Descriptor socket_;
};

}  // namespace

TEST_CASE("a service manager is told, also one that has made its socket anew, and without one nothing happens") {
  ::unsetenv("NOTIFY_SOCKET");
  NotifySocket::open().tell("READY=1");
  const std::string path = std::filesystem::temp_directory_path() / ("tacet-notify-" + std::to_string(::getpid()));
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  std::optional<Listener> manager(path);
  const NotifySocket notify = NotifySocket::open();
  notify.tell("READY=1");
  CHECK(manager->hears() == "READY=1");
  manager.emplace(path);
  notify.tell("STOPPING=1");
  CHECK(manager->hears() == "STOPPING=1");
  ::unsetenv("NOTIFY_SOCKET");
  ::unlink(path.c_str());
}

TEST_CASE("without a watchdog nothing is to be sent") { CHECK(!watchdog_period()); }

TEST_CASE("the watchdog is fed twice as often as it asks") {
  const Watchdog watchdog("150000000", std::to_string(::getpid()));
  CHECK(watchdog_period() == seconds(75));
}

TEST_CASE("a watchdog that names no process means this one") {
  const Watchdog watchdog("20000000", "");
  CHECK(watchdog_period() == seconds(10));
}

TEST_CASE("another process's watchdog is not ours") {
  for (const char* pid : {"1", "0", "-", "x"}) {
    const Watchdog watchdog("20000000", pid);
    CHECK(!watchdog_period());
  }
}

TEST_CASE("nonsense in place of a time is no watchdog") {
  for (const char* text : {"0", "-1", "", "soon", "99999999999999999999", "18446744073709551615"}) {
    const Watchdog watchdog(text, "");
    CHECK(!watchdog_period());
  }
}
