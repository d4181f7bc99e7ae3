#include <doctest/doctest.h>

#include "support/dot_bench.hpp"

using namespace tacet;
using namespace tacet::dot_test;

TEST_CASE("an end is told by its kind, after the answers that came before it") {
  Bench bench;
  Fault expected = Fault::cancelled;
  std::size_t answers = 1;
  SUBCASE("close_notify") {
    bench.server->on_query = [&](Bytes query) {
      bench.server->answer(answer_to(query));
      bench.server->say_goodbye();
    };
  }
  SUBCASE("end of the stream") {
    bench.server->on_query = [&](Bytes query) {
      bench.server->answer(answer_to(query));
      bench.server->hang_up();
    };
  }
  SUBCASE("garbage") {
    expected = Fault::protocol;
    bench.server->on_query = [&](Bytes query) {
      bench.server->answer(answer_to(query));
      bench.server->garble();
    };
  }
  SUBCASE("end of the stream in the handshake") {
    expected = Fault::unreachable;
    answers = 0;
    bench.server->hang_up();
  }
  bench.connection->send(1, query_for("last.test"));
  bench.run_until([&] { return bench.closed.has_value(); });
  CHECK(bench.closed->fault == expected);
  CHECK(bench.answers.size() == answers);
}

TEST_CASE("a server that is not who it should be gets no query") {
  Bench bench("DNS:other.test");
  bench.connection->send(1, query_for("secret.test"));
  bench.run_until([&] { return bench.closed.has_value(); });
  CHECK(bench.closed->fault == Fault::tls_untrusted);
  CHECK(bench.closed->detail ==
        "certificate of 127.0.0.1:853 is not valid for the name dns.test (it is for other.test)");
  CHECK(bench.established == 0);
  CHECK(bench.server->queries == 0);
}

TEST_CASE("the connection may be destroyed inside any callback") {
  Bench bench;
  int when = 0;
  SUBCASE("the first octets") {}
  SUBCASE("established") { when = 1; }
  SUBCASE("an answer") { when = 2; }
  SUBCASE("the end") { when = 3; }
  bench.server->on_query = [&](Bytes query) {
    bench.server->answer(answer_to(query));
    if (bench.server->queries == 2) bench.server->say_goodbye();
  };
  bench.connection->send(1, query_for("one.test"));
  bench.connection->send(2, query_for("two.test"));
  bench.run_until([&] {
    const bool now = when == 0 || (when == 1 && bench.established > 0) || (when == 2 && !bench.answers.empty()) ||
                     (when == 3 && bench.closed);
    if (now) bench.connection.reset();
    return now;
  });
  CHECK(bench.answers.size() == (when == 3 ? 2 : when == 2 ? 1 : 0));
  CHECK(bench.budget.used() == 0);
}

TEST_CASE("closing says goodbye, so that the server is not left with half a connection") {
  Bench bench;
  bench.connection->send(1, query_for("bye.test"));
  bench.run_until([&] {
    if (bench.answers.size() == 1) {
      bench.connection->close();
      bench.connection.reset();
    }
    return bench.answers.size() == 1;
  });
  CHECK(bench.server->goodbye_heard());
}
