#include <doctest/doctest.h>

#include "pool_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("A query held up by a loss goes once more over the service's other connection") {
  Lab lab({{{answers(3s), answers(20ms)}}});
  lab.fakes[0]->held_up_ = true;
  for (int i = 0; i < 2; ++i) {
    const Told& told = lab.ask();
    lab.pass(100ms);
    CHECK(told.good());
  }
  CHECK(lab.asked(0) == 1);
  CHECK(lab.asked(1) == 2);
  CHECK(lab.metrics.hedges_sent == 1);
  CHECK(lab.metrics.hedges_won == 1);
}

TEST_CASE("A median that was measured sets the time of the hedge, a sixteenth behind it") {
  Lab lab({{{answers(100ms)}, {answers(100ms)}}});
  lab.ask();
  lab.pass(1s);
  lab.fakes[0]->script = silent;
  lab.fakes[0]->held_up_ = true;
  lab.ask();
  lab.pass(106ms);
  CHECK(lab.metrics.hedges_sent == 0);
  lab.pass(1ms);
  CHECK(lab.metrics.hedges_sent == 1);
}

TEST_CASE("A hedge waits for the median and a sixteenth, at least ten milliseconds, and loses no time then") {
  Lab lab({{{silent}, {answers(20ms)}}});
  lab.fakes[0]->held_up_ = true;
  const Told& told = lab.ask();
  lab.pass(9ms);
  CHECK(lab.asked(1) == 0);
  lab.pass(1ms);
  CHECK(lab.asked(1) == 1);
  lab.pass(20ms);
  CHECK(told.good());
  CHECK(told.taken == 30ms);
  CHECK(lab.metrics.hedges_sent == 1);
  CHECK(lab.metrics.hedges_won == 1);
}

TEST_CASE("Slow names without a sign of loss cost nothing extra") {
  Lab lab({{{answers(800ms), answers(20ms)}, {answers(20ms)}}});
  lab.fakes[1]->now_.warm = false;
  for (int i = 0; i < 20; ++i) {
    lab.ask();
    lab.pass(1s);
  }
  CHECK(lab.metrics.hedges_sent == 0);
  CHECK(lab.asked(2) == 0);
}

TEST_CASE("A later query that was answered proves an earlier one arrived: it is merely slow") {
  Lab lab({{{lame_or_fast}, {answers(5ms)}}});
  lab.ask("lame.example");
  lab.ask("fast.example");
  lab.fakes[0]->held_up_ = true;
  lab.ask("other.example");
  lab.fakes[0]->held_up_ = false;
  lab.pass(20ms);
  lab.fakes[0]->held_up_ = true;
  lab.pass(900ms);
  CHECK(lab.metrics.hedges_sent == 0);
}

TEST_CASE("Over QUIC a later query that was answered proves nothing: streams do not wait for each other") {
  for (const Transport transport : {Transport::dot, Transport::doq}) {
    Lab lab({{{lame_or_fast}, {answers(5ms)}}});
    for (FakeUpstream* fake : lab.fakes)
      fake->now_.facts = std::make_shared<ConnectionFacts>(ConnectionFacts{.transport = transport});
    lab.ask("lame.example");
    lab.ask("fast.example");
    lab.ask("other.example");
    lab.pass(20ms);
    for (FakeUpstream* fake : lab.fakes) fake->held_up_ = true;
    lab.pass(400ms);
    CHECK((lab.metrics.hedges_sent > 0) == (transport == Transport::doq));
  }
}

TEST_CASE("A loss that shows later is still met by a hedge") {
  Lab lab({{{silent}, {answers(20ms)}}});
  const Told& told = lab.ask();
  lab.pass(200ms);
  CHECK(lab.metrics.hedges_sent == 0);
  lab.fakes[0]->held_up_ = true;
  lab.pass(300ms);
  CHECK(told.good());
  CHECK(lab.metrics.hedges_sent == 1);
}

TEST_CASE("Beyond 64 outstanding the load is what is slow, and nothing is asked twice") {
  Lab lab({{{answers(500ms)}, {answers(20ms)}}});
  lab.fakes[0]->held_up_ = true;
  for (int i = 0; i < 65; ++i) lab.ask();
  lab.pass(1s);
  CHECK(lab.metrics.hedges_sent == 0);
}

TEST_CASE("No hedge ever goes to another operator, nor to a connection that is not up") {
  Lab lab({{{answers(900ms), answers(1ms)}}, {{answers(1ms)}}});
  lab.fakes[0]->held_up_ = true;
  lab.fakes[1]->now_.warm = false;
  for (int i = 0; i < 10; ++i) {
    lab.ask();
    lab.pass(2s);
  }
  CHECK(lab.asked(1) == 0);
  CHECK(lab.asked(2) == 0);
}

namespace {

/// Four connections, each stalled half of the time. What was held back is answered when the stall ends; the services'
/// second connections are `earlier` than the first ones with it.
void ask_over_stalling_connections(Lab& lab, Duration earlier, double most_extra) {
  for (std::size_t i = 0; i < lab.fakes.size(); ++i) {
    lab.fakes[i]->held_up_ = true;
    lab.fakes[i]->script = [&lab, early = i % 2 == 0 ? Duration::zero() : earlier](const Message& query) {
      const Duration phase = lab.clock.now().time_since_epoch() % 200ms;
      return answers(std::max<Duration>(phase < 100ms ? 100ms - phase - early : 5ms, 1ms))(query);
    };
  }
  for (int i = 0; i < 10000; ++i) {
    lab.ask("n" + std::to_string(i) + ".example");
    lab.pass(3ms);
    const auto extra = static_cast<double>(lab.metrics.hedges_sent);
    if (extra > 50 + most_extra * (i + 1)) FAIL("hedges: ", extra, " of ", i);
  }
  lab.pass(5s);
}

}  // namespace

TEST_CASE("Over ten thousand queries the extra ones stay within a burst and a twentieth if none of them wins") {
  Lab lab({{{silent, silent}, {silent, silent}}});
  ask_over_stalling_connections(lab, 0ms, 0.05);
  std::size_t sent = 0;
  for (std::size_t i = 0; i < lab.fakes.size(); ++i) sent += lab.asked(i);
  CHECK(sent == 10000 + lab.metrics.hedges_sent);
  CHECK(lab.metrics.hedges_sent > 500);
  CHECK(lab.metrics.hedges_denied > 0);
}

TEST_CASE("A copy that wins by less than a quarter of a round trip was in vain") {
  Lab lab({{{silent, silent}, {silent, silent}}});
  ask_over_stalling_connections(lab, 1ms, 0.05);
  CHECK(lab.metrics.hedges_won > 100);
}

TEST_CASE("Copies that win are a tenth of the queries at most") {
  Lab lab({{{silent, silent}, {silent, silent}}});
  ask_over_stalling_connections(lab, 80ms, 0.1);
  CHECK(lab.metrics.hedges_sent > 900);
  CHECK(lab.metrics.hedges_won > 500);
}

TEST_CASE("A loser's time is a sample, and its answer is waited for") {
  Lab lab({{{answers(300ms)}, {answers(20ms)}}});
  lab.fakes[0]->held_up_ = true;
  lab.ask();
  lab.pass(200ms);
  CHECK(lab.pool->reports()[0].p50 == 0ms);
  lab.pass(200ms);
  CHECK(lab.pool->reports()[0].p50 == 300ms);
  CHECK(lab.fakes[0]->ended == 1);
  CHECK(lab.tasks.size() == 0);
}

TEST_CASE("A query whose second copy is silent as well goes once more over the first connection, and then no more") {
  const FakeUpstream::Script lost = [](const Message& query) {
    return query.question().name.to_string().starts_with("lost") ? silent(query) : answers(20ms)(query);
  };
  Lab lab({{{lost, lost}}});
  for (int i = 0; i < 40; ++i) {
    lab.ask("n" + std::to_string(i) + ".example");
    lab.pass(50ms);
  }
  const std::size_t before = lab.asked(0) + lab.asked(1);
  for (auto* fake : lab.fakes) fake->held_up_ = true;
  lab.ask("lost.example");
  lab.pass(300ms);
  CHECK(lab.asked(0) + lab.asked(1) == before + 3);
  CHECK(lab.metrics.hedges_sent == 2);
}

namespace {

/// Names under slow.example are answered after 300 ms, lost.example never, others after 20 ms.
FakeUpstream::Step slow_or_fast(const Message& query) {
  const std::string name = query.question().name.to_string();
  if (name.ends_with("slow.example.")) return answers(300ms)(query);
  return name.starts_with("lost") ? silent(query) : answers(20ms)(query);
}

}  // namespace

TEST_CASE("Once a zone was seen to be slow upstream, its names are not taken for lost") {
  Lab lab({{{slow_or_fast, slow_or_fast}}});
  for (auto* fake : lab.fakes) fake->held_up_ = true;
  lab.ask_many(100, ".fast.example");
  lab.ask_many(1, ".slow.example");
  lab.ask_many(50, ".fast.example");
  const auto before = lab.metrics.hedges_sent;
  for (int i = 0; i < 50; ++i) {
    lab.ask_many(1, ".slow.example");
    lab.ask_many(10, ".fast.example");
  }
  CHECK(lab.metrics.hedges_sent == before);
}

TEST_CASE("A name of a slow zone is asked twice once an acknowledgement is overdue, and others are not") {
  Lab lab({{{slow_or_fast, slow_or_fast}}});
  lab.ask_many(100, ".fast.example");
  lab.ask_many(1, ".slow.example");
  lab.ask_many(50, ".fast.example");
  const auto before = lab.metrics.hedges_sent;
  for (auto* fake : lab.fakes) fake->held_up_ = true;
  lab.ask("lost.slow.example");
  lab.pass(59ms);
  CHECK(lab.metrics.hedges_sent == before);
  lab.pass(100ms);
  CHECK(lab.metrics.hedges_sent > before);
}

TEST_CASE("A name of a fast zone is asked twice though the kernel knows of no loss, as long as there is a budget") {
  Lab lab({{{slow_or_fast, slow_or_fast}}});
  lab.ask_many(100, ".fast.example");
  for (int i = 0; i < 20; ++i) {
    const auto before = lab.metrics.hedges_sent;
    lab.ask("lost.fast.example");
    lab.pass(22ms);
    if (i < 13) CHECK(lab.metrics.hedges_sent == before + 1);
    if (i > 15) CHECK(lab.metrics.hedges_sent == before);  // with little left it waits longer
    lab.pass(78ms);
    CHECK(lab.metrics.hedges_sent == before + (i < 13 ? 2 : 1));  // the rest is kept for first copies
  }
}

TEST_CASE(
    "When queries get lost a spare connection is opened, and second copies go over what owes the fewest answers") {
  const FakeUpstream::Script lost = [](const Message& query) {
    return query.question().name.to_string().starts_with("lost") ? silent(query) : answers(20ms)(query);
  };
  Lab lab({{{lost, answers(20ms), answers(20ms)}}});
  lab.fakes[2]->now_.warm = false;
  lab.ask_many(41, ".fast.example");
  CHECK(lab.asked(2) == 0);
  lab.fakes[0]->held_up_ = true;
  const Told& won = lab.ask("lost1.fast.example");
  lab.pass(100ms);
  CHECK(won.good());
  CHECK(lab.asked(2) == 1);  // opened by a copy of the query that was lost
  CHECK(lab.metrics.hedges_sent == 2);
  lab.fakes[2]->now_.warm = true;
  lab.fakes[1]->script = silent;
  lab.ask_many(2, ".fast.example");  // the first answers, the second owes an answer from now on
  lab.pass(10ms);
  const auto before = lab.asked(2);
  lab.ask("lost2.fast.example");
  lab.ask("lost3.fast.example");
  lab.pass(23ms);
  CHECK(lab.asked(2) >= before + 1);
}
