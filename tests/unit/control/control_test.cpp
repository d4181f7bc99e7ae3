#include "control/control.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/descriptor.hpp"

using nlohmann::json;

namespace tacet {
namespace {

/// A directory for one test.
class Folder {
public:
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "control-test-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const char* name) const { return path_ / name; }

private:
  std::filesystem::path path_;
};

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

template <class Call>
int with_address(Call call, int descriptor, const std::string& path) {
  const auto address = address_of(path);
  const void* const any = &address;
  return call(descriptor, static_cast<const sockaddr*>(any), sizeof address);
}

Descriptor connect_to(const std::string& path) {
  Descriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(with_address(::connect, client.get(), path) == 0);
  return client;
}

std::string read_all(int descriptor) {
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(descriptor, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  return text;
}

void send_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server may have heard enough
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

struct HttpAnswer {
  int status = 0;
  json body;
};

HttpAnswer parse(const std::string& text) {
  const auto end = text.find("\r\n\r\n");
  REQUIRE(text.starts_with("HTTP/1.1 "));
  REQUIRE(end != std::string::npos);
  return {std::stoi(text.substr(9, 3)), json::parse(text.substr(end + 4))};
}

HttpAnswer ask(const std::string& path, const std::string& line, const std::string& headers = "Host: localhost\r\n") {
  const auto client = connect_to(path);
  send_all(client.get(), line + " HTTP/1.1\r\n" + headers + "\r\n");
  return parse(read_all(client.get()));
}

Result<std::unique_ptr<Control>> listen_at(const std::string& path, ControlHandlers handlers) {
  auto socket = ControlSocket::listen(path);
  if (!socket) return fail(std::move(socket.error()));
  return Control::create(std::move(*socket), std::move(handlers));
}

/// A control socket whose handlers remember what they were asked.
struct Fixture {
  Folder folder;
  std::string path = folder / "control.sock";
  std::vector<CacheScope> flushed;  // read only after an answer came
  std::vector<log::Level> levels;   // the same
  std::expected<Reloaded, ReloadFaults> reloaded;
  std::unique_ptr<Control> control = make();

  std::unique_ptr<Control> make() {
    ControlHandlers handlers;
    handlers.status = [] {
      Snapshot snapshot;
      snapshot.metrics.udp_queries = 42;
      return Result<Snapshot>(snapshot);
    };
    handlers.exposure = [] { return Result<ExposureReport>(ExposureReport{}); };
    handlers.flush = [this](const CacheScope& scope) {
      flushed.push_back(scope);
      return Result<std::size_t>(3);
    };
    handlers.cache = [](const CacheScope& scope) {
      CacheReport report{.lists = scope.name.has_value()};
      report.statistics.entries = 7;
      return Result<CacheReport>(report);
    };
    handlers.explain_question = [](const Question& asked) {
      return Result<QuestionExplanation>(QuestionExplanation{.explanation = {.question = asked}, .hosts_file = ""});
    };
    handlers.reload = [this] { return reloaded; };
    handlers.set_log_level = [this](log::Level level) { levels.push_back(level); };
    auto made = listen_at(path, std::move(handlers));
    REQUIRE(made.has_value());
    return std::move(*made);
  }
};

mode_t mode_of(const std::string& path) {
  struct stat status{};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "the status is what the server says of itself") {
  const auto answer = ask(path, "GET /status");
  CHECK(answer.status == 200);
  CHECK(answer.body.at("queries").at("udp") == 42);
}

TEST_CASE_FIXTURE(Fixture, "metrics are what the server says of itself, as Prometheus reads it") {
  const auto client = connect_to(path);
  send_all(client.get(), "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = read_all(client.get());
  CHECK(answer.starts_with("HTTP/1.1 200 "));
  CHECK(answer.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n") != std::string::npos);
  CHECK(answer.find("\ntacet_queries_total{transport=\"udp\"} 42\n") != std::string::npos);
  CHECK(ask(path, "GET /metrics", "Host: www.example.com\r\n").status == 403);
}

TEST_CASE_FIXTURE(Fixture, "one request after the other is answered") {
  for (int i = 0; i < 20; ++i) CHECK(ask(path, "GET /status").status == 200);
}

TEST_CASE_FIXTURE(Fixture, "a flush without a name is of everything") {
  CHECK(ask(path, "POST /flush").body == json{{"flushed", 3}});
  REQUIRE(flushed.size() == 1);
  CHECK_FALSE(flushed[0].name.has_value());
}

TEST_CASE_FIXTURE(Fixture, "a flush can be of one name, or of all below one") {
  CHECK(ask(path, "POST /flush?name=www.example.com").status == 200);
  CHECK(ask(path, "POST /flush?below=example.com").status == 200);
  REQUIRE(flushed.size() == 2);
  CHECK(flushed[0].name == Name::from_text("www.example.com").value());
  CHECK(flushed[0].reach == Cache::Reach::name_only);
  CHECK(flushed[1].name == Name::from_text("example.com").value());
  CHECK(flushed[1].reach == Cache::Reach::with_descendants);
}

TEST_CASE_FIXTURE(Fixture, "a flush of what is no name, or of two things at once, is refused and flushes nothing") {
  CHECK(ask(path, "POST /flush?name=a..b").status == 400);
  CHECK(ask(path, "POST /flush?name=").status == 400);
  CHECK(ask(path, "POST /flush?name=a&below=b").status == 400);
  CHECK(ask(path, "POST /flush?nmae=a").status == 400);
  CHECK(ask(path, "POST /flush?name=a&name=b").status == 400);
  CHECK(flushed.empty());
}

TEST_CASE_FIXTURE(Fixture, "the cache is told in numbers, and with names only to who names one") {
  const auto all = ask(path, "GET /cache").body;
  CHECK(all.at("entries") == 7);
  CHECK(all.contains("held"));
  CHECK_FALSE(all.contains("answers"));
  for (const auto* scope : {"name", "below"}) {
    const auto one = ask(path, std::string("GET /cache?") + scope + "=www.example.com").body;
    CHECK(one.contains("matching"));
    CHECK(one.at("answers").empty());
  }
  CHECK(ask(path, "GET /cache?name=a..b").status == 400);
  CHECK(ask(path, "GET /cache?name=a&below=b").status == 400);
}

TEST_CASE_FIXTURE(Fixture, "an explanation is of a name and a type, A unless given") {
  const auto plain = ask(path, "GET /explain?name=www.example.com").body;
  CHECK(plain.at("name") == "www.example.com");
  CHECK(plain.at("type") == "A");
  CHECK(plain.at("answered_by") == "upstream");
  CHECK(ask(path, "GET /explain?name=www.example.com&type=https").body.at("type") == "HTTPS");
  CHECK(ask(path, "GET /explain?name=www.example.com&type=NONSENSE").status == 400);
  CHECK(ask(path, "GET /explain").status == 400);
}

TEST_CASE_FIXTURE(Fixture, "the log level is set to one of four words") {
  CHECK(ask(path, "POST /log-level?level=debug").body == json{{"log_level", "debug"}});
  CHECK(ask(path, "POST /log-level?level=trace").status == 400);
  CHECK(ask(path, "POST /log-level").status == 400);
  CHECK(ask(path, "GET /log-level?level=error").status == 404);
  CHECK(levels == std::vector{log::Level::debug});
}

TEST_CASE_FIXTURE(Fixture, "a reload tells what has changed, or every fault on a line of its own") {
  reloaded = Reloaded{.changed = {"cache", "hosts"}, .forgotten = 2};
  const auto good = ask(path, "POST /reload");
  CHECK(good.status == 200);
  CHECK(good.body == json{{"changed", {"cache", "hosts"}},
                          {"forgotten", 2},
                          {"summary", "changed cache and hosts; 2 cached answers forgotten"}});
  reloaded = std::unexpected(ReloadFaults{"a.yaml:1:2: x: is wrong", "workers: restart"});
  const auto refused = ask(path, "POST /reload");
  CHECK(refused.status == 409);
  CHECK(refused.body.at("error").get<std::string>().ends_with(":\na.yaml:1:2: x: is wrong\nworkers: restart"));
  CHECK(ask(path, "GET /reload").status == 404);
}

TEST_CASE_FIXTURE(Fixture, "a request that changes something must be a POST") {
  const auto answer = ask(path, "GET /flush");
  CHECK(answer.status == 404);
  CHECK(answer.body.contains("error"));
  CHECK(flushed.empty());
}

TEST_CASE_FIXTURE(Fixture, "requests that a web page could have caused are refused") {
  CHECK(ask(path, "POST /flush", "Host: localhost\r\nOrigin: https://www.example.com\r\n").status == 403);
  CHECK(ask(path, "POST /flush", "Host: localhost\r\nOrigin: null\r\n").status == 403);
  CHECK(ask(path, "POST /flush", "Host: www.example.com\r\n").status == 403);
  CHECK(ask(path, "GET /status", "Host: www.example.com\r\n").status == 403);
  CHECK(flushed.empty());
  CHECK(ask(path, "POST /flush", "").status == 200);  // no Host at all
}

TEST_CASE_FIXTURE(Fixture, "a fault of the server is told in its words") {
  control.reset();
  ControlHandlers handlers;
  handlers.status = [] { return Result<Snapshot>(fail(Fault::cancelled, "stopping")); };
  const auto stopping = listen_at(path, std::move(handlers));
  REQUIRE(stopping.has_value());
  CHECK(ask(path, "GET /metrics").status == 503);
  const auto answer = ask(path, "GET /status");
  CHECK(answer.status == 503);
  CHECK(answer.body == json{{"error", "stopping"}});
}

TEST_CASE_FIXTURE(Fixture, "nonsense, endless heads and large bodies are given up, and the next client is served") {
  for (const auto& nonsense : {std::string(100, '\0') + "\r\n\r\n", std::string(200000, 'x'),
                               "GET /status HTTP/1.1\r\n" + std::string(100000, 'h') + "\r\n\r\n",
                               std::string("POST /flush HTTP/1.1\r\nContent-Length: 100000\r\n\r\n")}) {
    const auto client = connect_to(path);
    send_all(client.get(), nonsense);
    ::shutdown(client.get(), SHUT_WR);
    CHECK(read_all(client.get()).find("200 OK") == std::string::npos);
  }
  std::string many = "GET /status HTTP/1.1\r\n";
  for (int i = 0; i < 20000; ++i) many += "X-Header: value\r\n";
  const auto client = connect_to(path);
  send_all(client.get(), many);
  CHECK(read_all(client.get()).find("200 OK") == std::string::npos);
  CHECK(flushed.empty());
  CHECK(ask(path, "GET /status").status == 200);
}

TEST_CASE("a request for a range, however long, gets the whole (RFC 9110 §14.2)") {
  ControlHandlers handlers;
  handlers.status = [] { return Result<Snapshot>(Snapshot{}); };
  handlers.exposure = [] { return Result<ExposureReport>(ExposureReport{}); };
  ControlRouter router(std::move(handlers));
  const std::string line = "GET /status HTTP/1.1\r\nHost: localhost\r\n";
  const std::string whole = router.answer(line + "\r\n");
  CHECK(whole.starts_with("HTTP/1.1 200 "));
  CHECK(router.answer(line + "Range: bytes=0-1\r\n\r\n") == whole);
  CHECK(router.answer(line + "rANGE: bytes=" + std::string(8000, '0') + "-\r\n\r\n") == whole);
}

TEST_CASE("a request is answered once its head is whole, and not a word before") {
  ControlHandlers handlers;
  handlers.set_log_level = [](log::Level) {};
  ControlRouter router(std::move(handlers));
  const std::string request = "POST /log-level?level=info HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (std::size_t size = 0; size < request.size(); ++size) CHECK(router.answer(request.substr(0, size)).empty());
  CHECK(router.answer(request).starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("what is wrong with a request is told by its status") {
  ControlRouter router({});
  const std::string line = "POST /flush HTTP/1.1\r\n", end = "\r\n\r\n";
  CHECK(router.answer(line + "Host: localhost\r\nHost: localhost" + end).starts_with("HTTP/1.1 403 Forbidden\r\n"));
  CHECK(router.answer(line + "Content-Length: 1" + end).starts_with("HTTP/1.1 413 Content Too Large\r\n"));
  CHECK(router.answer(line + "Transfer-Encoding: chunked" + end).starts_with("HTTP/1.1 413 "));
  CHECK(router.answer(line + "no field" + end).starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(router.answer(line + "X: " + std::string(16384, 'x') + end).starts_with("HTTP/1.1 431 "));
  CHECK(router.answer(std::string(16384, 'x')).starts_with("HTTP/1.1 431 "));
}

TEST_CASE_FIXTURE(Fixture, "clients that say nothing, or half a request, hold up nobody") {
  std::vector<Descriptor> held;
  for (int i = 0; i < 100; ++i) {
    held.push_back(connect_to(path));
    if (i % 2 == 0) send_all(held.back().get(), "GET /sta");
  }
  const auto begun = SystemClock().now();
  CHECK(ask(path, "GET /status").status == 200);
  CHECK(SystemClock().now() - begun < std::chrono::seconds(5));  // patience is ten
}

TEST_CASE_FIXTURE(Fixture, "a client that says nothing does not delay the end") {
  const auto silent = connect_to(path);
  const auto half = connect_to(path);
  send_all(half.get(), "GET /sta");
  const auto begun = SystemClock().now();
  control->stop();
  CHECK(SystemClock().now() - begun < std::chrono::seconds(5));  // patience is ten
  CHECK_FALSE(std::filesystem::exists(path));
  control->stop();
}

TEST_CASE_FIXTURE(Fixture, "the socket is for its user and group, whatever the umask") {
  CHECK(mode_of(path) == 0660);
  for (const mode_t mask : {0077U, 0000U}) {
    control.reset();
    const mode_t before = ::umask(mask);
    control = make();
    ::umask(before);
    CHECK(mode_of(path) == 0660);
  }
}

TEST_CASE_FIXTURE(Fixture, "a group that does not exist is a fault that says so, and leaves no socket behind") {
  control.reset();
  const auto made = ControlSocket::listen(path, "no-such-group");
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().fault == Fault::invalid_config);
  CHECK(made.error().detail.find("no-such-group") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE_FIXTURE(Fixture, "a second control at the same path is refused and the first goes on") {
  const auto second = listen_at(path, {});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().fault == Fault::in_use);
  CHECK(second.error().detail.find(path) != std::string::npos);
  CHECK(ask(path, "GET /status").status == 200);
}

TEST_CASE_FIXTURE(Fixture, "a socket that a dead process left is replaced") {
  control.reset();
  {
    const Descriptor dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(with_address(::bind, dead.get(), path) == 0);
  }
  REQUIRE(std::filesystem::exists(path));
  control = make();
  CHECK(ask(path, "GET /status").status == 200);
}

TEST_CASE_FIXTURE(Fixture, "a file that is no socket is left alone") {
  control.reset();
  std::ofstream(path) << "precious";
  const auto made = listen_at(path, {});
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().fault == Fault::in_use);
  CHECK(std::filesystem::file_size(path) == 8);
}

TEST_CASE_FIXTURE(Fixture, "a successor's socket outlives its predecessor") {
  std::filesystem::remove(path);
  Fixture other;
  other.control.reset();
  other.path = path;
  other.control = other.make();
  control.reset();
  CHECK(ask(path, "GET /status").status == 200);
}

TEST_CASE_FIXTURE(Fixture, "a missing directory is made so that the group can get at the socket") {
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

TEST_CASE_FIXTURE(Fixture,
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

TEST_CASE_FIXTURE(Fixture, "descriptors beyond 1024 are no hindrance") {
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
