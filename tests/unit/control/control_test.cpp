#include "control/control.hpp"

#include <doctest/doctest.h>

#include "unit/control/control_fixture.hpp"

namespace tacet {

TEST_CASE_FIXTURE(ControlFixture, "the status is what the server says of itself") {
  const auto answer = ask(path, "GET /status");
  CHECK(answer.status == 200);
  CHECK(answer.body.at("queries").at("udp") == 42);
}

TEST_CASE_FIXTURE(ControlFixture, "metrics are what the server says of itself, as Prometheus reads it") {
  const auto client = connect_to(path);
  send_all(client.get(), "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = read_all(client.get());
  CHECK(answer.starts_with("HTTP/1.1 200 "));
  CHECK(answer.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n") != std::string::npos);
  CHECK(answer.find("\ntacet_queries_total{transport=\"udp\"} 42\n") != std::string::npos);
  CHECK(ask(path, "GET /metrics", "Host: www.example.com\r\n").status == 403);
}

TEST_CASE_FIXTURE(ControlFixture, "one request after the other is answered") {
  for (int i = 0; i < 20; ++i) CHECK(ask(path, "GET /status").status == 200);
}

TEST_CASE_FIXTURE(ControlFixture, "a flush without a name is of everything") {
  CHECK(ask(path, "POST /flush").body == json{{"flushed", 3}});
  REQUIRE(flushed.size() == 1);
  CHECK_FALSE(flushed[0].name.has_value());
}

TEST_CASE_FIXTURE(ControlFixture, "a flush can be of one name, or of all below one") {
  CHECK(ask(path, "POST /flush?name=www.example.com").status == 200);
  CHECK(ask(path, "POST /flush?below=example.com").status == 200);
  REQUIRE(flushed.size() == 2);
  CHECK(flushed[0].name == Name::from_text("www.example.com").value());
  CHECK(flushed[0].reach == Cache::Reach::name_only);
  CHECK(flushed[1].name == Name::from_text("example.com").value());
  CHECK(flushed[1].reach == Cache::Reach::with_descendants);
}

TEST_CASE_FIXTURE(ControlFixture,
                  "a flush of what is no name, or of two things at once, is refused and flushes nothing") {
  CHECK(ask(path, "POST /flush?name=a..b").status == 400);
  CHECK(ask(path, "POST /flush?name=").status == 400);
  CHECK(ask(path, "POST /flush?name=a&below=b").status == 400);
  CHECK(ask(path, "POST /flush?nmae=a").status == 400);
  CHECK(ask(path, "POST /flush?name=a&name=b").status == 400);
  CHECK(flushed.empty());
}

TEST_CASE_FIXTURE(ControlFixture, "the cache is told in numbers, and with names only to who names one") {
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

TEST_CASE_FIXTURE(ControlFixture, "an explanation is of a name and a type, A unless given") {
  const auto plain = ask(path, "GET /explain?name=www.example.com").body;
  CHECK(plain.at("name") == "www.example.com");
  CHECK(plain.at("type") == "A");
  CHECK(plain.at("answered_by") == "upstream");
  CHECK(ask(path, "GET /explain?name=www.example.com&type=https").body.at("type") == "HTTPS");
  CHECK(ask(path, "GET /explain?name=www.example.com&type=NONSENSE").status == 400);
  CHECK(ask(path, "GET /explain").status == 400);
}

TEST_CASE_FIXTURE(ControlFixture, "the log level is set to one of four words") {
  CHECK(ask(path, "POST /log-level?level=debug").body == json{{"log_level", "debug"}});
  CHECK(ask(path, "POST /log-level?level=trace").status == 400);
  CHECK(ask(path, "POST /log-level").status == 400);
  CHECK(ask(path, "GET /log-level?level=error").status == 405);
  CHECK(levels == std::vector{LogLevel::debug});
}

TEST_CASE_FIXTURE(ControlFixture, "a reload tells what has changed, or every fault on a line of its own") {
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
  CHECK(ask(path, "GET /reload").status == 405);
}

TEST_CASE_FIXTURE(ControlFixture, "a request that changes something must be a POST") {
  const auto answer = ask(path, "GET /flush");
  CHECK(answer.status == 405);
  CHECK(answer.body.contains("error"));
  CHECK(flushed.empty());
}

TEST_CASE_FIXTURE(ControlFixture, "requests that a web page could have caused are refused") {
  CHECK(ask(path, "POST /flush", "Host: localhost\r\nOrigin: https://www.example.com\r\n").status == 403);
  CHECK(ask(path, "POST /flush", "Host: localhost\r\nOrigin: null\r\n").status == 403);
  CHECK(ask(path, "POST /flush", "Host: www.example.com\r\n").status == 403);
  CHECK(ask(path, "GET /status", "Host: www.example.com\r\n").status == 403);
  CHECK(flushed.empty());
  CHECK(ask(path, "POST /flush", "").status == 200);  // no Host at all
}

TEST_CASE_FIXTURE(ControlFixture, "a fault of the server is told in its words") {
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

TEST_CASE_FIXTURE(ControlFixture,
                  "nonsense, endless heads and large bodies are given up, and the next client is served") {
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

}  // namespace tacet
