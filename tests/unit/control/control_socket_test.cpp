#include "control/control_socket.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <ctime>
#include <fstream>

#include "unit/control/control_fixture.hpp"

namespace tacet {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat status{};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

}  // namespace

TEST_CASE_FIXTURE(ControlFixture, "clients that say nothing, or half a request, hold up nobody") {
  std::vector<Descriptor> held;
  for (int i = 0; i < 100; ++i) {
    held.push_back(connect_to(path));
    if (i % 2 == 0) send_all(held.back().get(), "GET /sta");
  }
  const auto begun = SystemClock().now();
  CHECK(ask(path, "GET /status").status == 200);
  CHECK(SystemClock().now() - begun < std::chrono::seconds(5));  // patience is ten
}

TEST_CASE_FIXTURE(ControlFixture, "a client that says nothing does not delay the end") {
  const auto silent = connect_to(path);
  const auto half = connect_to(path);
  send_all(half.get(), "GET /sta");
  const auto begun = SystemClock().now();
  control->stop();
  CHECK(SystemClock().now() - begun < std::chrono::seconds(5));  // patience is ten
  CHECK_FALSE(std::filesystem::exists(path));
  control->stop();
}

TEST_CASE_FIXTURE(ControlFixture, "the socket is for its user and group, whatever the umask") {
  CHECK(mode_of(path) == 0660);
  for (const mode_t mask : {0077U, 0000U}) {
    control.reset();
    const mode_t before = ::umask(mask);
    control = make();
    ::umask(before);
    CHECK(mode_of(path) == 0660);
  }
}

TEST_CASE_FIXTURE(ControlFixture, "a group that does not exist is a fault that says so, and leaves no socket behind") {
  control.reset();
  const auto made = ControlSocket::listen(path, "no-such-group");
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().fault == Fault::invalid_config);
  CHECK(made.error().detail.find("no-such-group") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE_FIXTURE(ControlFixture, "a second control at the same path is refused and the first goes on") {
  const auto second = listen_at(path, {});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().fault == Fault::in_use);
  CHECK(second.error().detail.find(path) != std::string::npos);
  CHECK(ask(path, "GET /status").status == 200);
}

TEST_CASE_FIXTURE(ControlFixture, "a socket that a dead process left is replaced") {
  control.reset();
  {
    const Descriptor dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(with_address(::bind, dead.get(), path) == 0);
  }
  REQUIRE(std::filesystem::exists(path));
  control = make();
  CHECK(ask(path, "GET /status").status == 200);
}

TEST_CASE_FIXTURE(ControlFixture, "a file that is no socket is left alone") {
  control.reset();
  std::ofstream(path) << "precious";
  const auto made = listen_at(path, {});
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().fault == Fault::in_use);
  CHECK(std::filesystem::file_size(path) == 8);
}

TEST_CASE_FIXTURE(ControlFixture, "a successor's socket outlives its predecessor") {
  std::filesystem::remove(path);
  ControlFixture other;
  other.control.reset();
  other.path = path;
  other.control = other.make();
  control.reset();
  CHECK(ask(path, "GET /status").status == 200);
}

TEST_CASE_FIXTURE(ControlFixture, "a missing directory is made so that the group can get at the socket") {
  control.reset();
  path = folder / "run/control.sock";
  const mode_t before = ::umask(0077);
  control = make();
  ::umask(before);
  CHECK(mode_of(folder / "run") == 0755);
  CHECK(ask(path, "GET /status").status == 200);
}

TEST_CASE("paths that no socket can have are faults") {
  Folder folder;
  for (const auto& path : {std::string(), folder / std::string(120, 'x').c_str()}) {
    const auto made = listen_at(path, {});
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().fault == Fault::invalid_config);
  }
  const auto made = listen_at(folder / "no/such/folder/control.sock", {});
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().fault == Fault::system);
}

TEST_CASE_FIXTURE(ControlFixture,
                  "out of descriptors, a client waits without a thread that spins, and is served when there is one") {
  Descriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlimit before = limit;
  limit.rlim_cur = static_cast<rlim_t>(Descriptor(::dup(client.get())).get());  // the lowest that is free
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  const auto cpu = std::clock();
  const bool connected = with_address(::connect, client.get(), path) == 0;
  send_all(client.get(), "GET /status HTTP/1.1\r\n\r\n");
  pollfd answered{.fd = client.get(), .events = POLLIN, .revents = 0};
  const int early = ::poll(&answered, 1, 300);
  const auto spent = std::clock() - cpu;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(connected);
  CHECK(early == 0);
  CHECK(spent < CLOCKS_PER_SEC / 10);
  CHECK(parse(read_all(client.get())).status == 200);
}

TEST_CASE_FIXTURE(ControlFixture, "descriptors beyond 1024 are no hindrance") {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlimit before = limit;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 2048);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  if (limit.rlim_cur < 1200) return;
  {
    std::vector<Descriptor> many;
    for (int i = 0; i < 1100; ++i) many.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    REQUIRE(many.back().get() > 1024);
    CHECK(ask(path, "GET /status").status == 200);
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace tacet
