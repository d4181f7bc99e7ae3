#include "transport/dot.hpp"

#include <doctest/doctest.h>

#include "support/dot_bench.hpp"

using namespace std::chrono_literals;
using namespace tacet;
using namespace tacet::dot_test;

TEST_CASE("a query sent before the handshake is answered after it") {
  Bench bench;
  const Message query = query_for("www.Example.test");
  bench.connection->send(7, query);
  bench.run_until([&] { return bench.answers.size() == 1; });
  CHECK(bench.established == 1);
  CHECK(bench.received > 1);
  REQUIRE(bench.answers.at(7));
  CHECK(bench.answers.at(7)->question() == query.question());
  const ConnectionFacts& facts = *bench.connection->facts();
  CHECK(facts.transport == Transport::dot);
  CHECK(facts.address == "127.0.0.1:853");
  CHECK(facts.verified == "dns.test");
  CHECK(facts.tls_version == "TLSv1.3");
  CHECK_FALSE(bench.closed);
}

TEST_CASE("queries of one turn leave together, and answers find them in any order") {
  Bench bench;
  std::vector<Octets> held;
  bench.server->on_query = [&](Bytes query) {
    held.emplace_back(query.begin(), query.end());
    if (held.size() < 200) return;
    for (; !held.empty(); held.pop_back()) bench.server->answer(answer_to(held.back()));
  };
  for (Tag tag = 0; tag < 200; ++tag) bench.connection->send(tag, query_for("n" + std::to_string(tag) + ".test"));
  bench.run_until([&] { return bench.answers.size() == 200; });
  CHECK(bench.server->reads_with_queries <= 2);
  for (const auto& [tag, answer] : bench.answers) {
    REQUIRE(answer);
    CHECK(answer->question() == query_for("N" + std::to_string(tag) + ".TEST").question());
  }
}

TEST_CASE("queries share records, but a query of its own record lies behind each shared one") {
  Bench bench;
  for (Tag tag = 0; tag < 25; ++tag) bench.connection->send(tag, query_for("n.test"));
  bench.run_until([&] { return bench.answers.size() == 25; });
  const std::size_t frame = 130;  // padded to 128 octets
  CHECK(bench.server->records() == std::vector<std::size_t>{9 * frame, frame, 9 * frame, frame, 4 * frame, frame});
}

TEST_CASE("large answers arrive whole though the socket takes them in pieces") {
  Bench bench;
  bench.server->on_query = [&](Bytes query) {
    const std::size_t head = answer_with_option(query, option::padding, {}).size();
    bench.server->answer(answer_with_option(query, option::padding, Octets(65535 - head)));
  };
  for (Tag tag = 0; tag < 20; ++tag) bench.connection->send(tag, query_for("large.test"));
  bench.run_until([&] { return bench.answers.size() == 20; });
  for (const auto& [tag, answer] : bench.answers) {
    REQUIRE(answer);
    CHECK(answer->wire().size() == 65535);
  }
}

TEST_CASE("more queries than the socket takes are written when it has room") {
  Bench bench;
  for (Tag tag = 0; tag < 5000; ++tag) bench.connection->send(tag, query_for("many.test"));
  bench.run_until([&] { return bench.answers.size() == 5000; });
  CHECK(bench.server->queries == 5000);
}

TEST_CASE(
    "what does not belong to a query is reported as such, octets behind an answer are not, and the connection goes "
    "on") {
  Bench bench;
  bench.server->on_query = [&](Bytes query) {
    Octets answer = answer_to(query);
    const Question question = Message::parse(answer).value().question();
    const std::string name = question.name.to_string();
    if (name == "id.test.") {
      answer[0] ^= 0x55;
      bench.server->answer(answer);
      bench.server->answer(Octets{});
      bench.server->answer(Octets{1});
    }
    if (name == "question.test.") answer[header_size + 1] = 'x';
    if (name == "type.test.") answer[header_size + question.name.wire().size() + 1] = 28;
    if (name == "query.test.") answer[2] &= 0x7F;
    if (name == "opcode.test.") answer[2] |= 0x28;  // UPDATE
    if (name == "bare.test.") {
      answer.resize(header_size);
      answer[3] = static_cast<std::uint8_t>(Rcode::refused);
    }
    if (name == "void.test.") answer[2] |= 0x02;  // TC, and no records
    if (name == "short.test.") answer.resize(header_size);
    if (name == "longer.test.") answer.push_back(0);
    if (name == "case.test.") answer[header_size + 1] = 'C';
    if (name != "id.test.") bench.server->answer(answer);
  };
  Tag tag = 0;
  for (const char* name : {"id.test", "question.test", "type.test", "query.test", "short.test", "longer.test",
                           "case.test", "opcode.test", "bare.test", "void.test"})
    bench.connection->send(tag++, query_for(name));
  bench.run_until([&] { return bench.answers.contains(9); });
  CHECK(bench.answers.size() == 10);
  CHECK(bench.answers.at(0).error().fault == Fault::mismatched);
  CHECK(bench.answers.at(1).error().fault == Fault::mismatched);
  CHECK(bench.answers.at(2).error().fault == Fault::mismatched);
  CHECK(bench.answers.at(3).error().fault == Fault::mismatched);
  CHECK(bench.answers.at(4).error().fault == Fault::mismatched);
  CHECK(bench.answers.at(5));
  CHECK(bench.answers.at(6));
  CHECK(bench.answers.at(7).error().fault == Fault::mismatched);
  REQUIRE(bench.answers.at(8));
  CHECK(bench.answers.at(8)->rcode() == Rcode::refused);
  CHECK(bench.answers.at(9).error().fault == Fault::protocol);
  CHECK_FALSE(bench.closed);
}

TEST_CASE(
    "a server that only sends what nobody asked for loses its connection; answers in between make good for strays") {
  Bench bench;
  bool floods = false;
  bench.server->on_query = [&](Bytes query) {
    for (int i = 0; i < (floods ? 1000 : 200); ++i) bench.server->answer(Octets{});
    if (!floods) bench.server->answer(answer_to(query));
  };
  for (Tag tag = 0; tag < 5; ++tag) {
    bench.connection->send(tag, query_for("some.test"));
    bench.run_until([&] { return bench.answers.contains(tag); });
  }
  CHECK_FALSE(bench.closed);
  floods = true;
  bench.connection->send(5, query_for("flood.test"));
  bench.run_until([&] { return bench.closed.has_value(); });
  CHECK(bench.closed->fault == Fault::protocol);
  CHECK_FALSE(bench.answers.contains(5));
}

TEST_CASE("a copy of an answer is none to the same question asked again, and nor is an answer that could be of two") {
  Bench bench;
  std::vector<Octets> asked;
  bench.server->on_query = [&](Bytes query) {
    asked.emplace_back(query.begin(), query.end());
    if (asked.size() == 2) bench.server->answer(answer_to(asked[0]));
    if (asked.size() == 3) return;
    if (asked.size() == 4) {
      Octets wrong = answer_to(query);
      wrong[0] ^= 0x55;
      bench.server->answer(wrong);
      bench.server->answer(answer_to(asked[2]));
    }
    bench.server->answer(answer_to(query));
  };
  const auto ask = [&](std::vector<Tag> tags) {
    for (const Tag tag : tags) bench.connection->send(tag, query_for("same.test"));
    bench.run_until([&] { return bench.answers.contains(tags.back()); });
  };
  ask({1});
  ask({2});
  ask({3, 4});
  for (const Tag tag : {1, 2, 3, 4}) CHECK(bench.answers.at(tag));
}

TEST_CASE("an ID is not used twice while it is out, and IDs do not count up") {
  Bench bench;
  std::map<std::uint16_t, int> ids;
  std::uint16_t before = 0;
  std::size_t steps = 0;
  bench.server->on_query = [&](Bytes query) {
    const std::uint16_t id = load16(query, 0);
    if (id == before + 1) ++steps;
    before = id;
    if (++ids[id]; ids.size() == 3000) bench.server->say_goodbye();
  };
  for (Tag tag = 0; tag < 3000; ++tag) bench.connection->send(tag, query_for("ids.test"));
  bench.run_until([&] { return bench.closed.has_value(); });
  CHECK(ids.size() == 3000);
  CHECK(steps < 10);
}

TEST_CASE("the server's word on idle connections is kept") {
  Bench bench;
  CHECK_FALSE(bench.connection->idle_limit());
  bench.server->on_query = [&](Bytes query) {
    bench.server->answer(answer_with_option(query, option::tcp_keepalive, {0, 50}));
  };
  bench.connection->send(1, query_for("idle.test"));
  bench.run_until([&] { return bench.answers.size() == 1; });
  CHECK(bench.connection->idle_limit() == Duration(5s));
}
