#include "serve/service_manager.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
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

}  // namespace

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
