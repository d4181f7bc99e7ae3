#include <doctest/doctest.h>

#include <random>

#include "pool_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("What the first service answers, nobody else is asked") {
  Lab lab({{{answers(20ms)}, {answers(1ms)}}, {{answers(1ms)}}});
  const Told& told = lab.ask();
  lab.pass(5s);
  CHECK(told.good());
  CHECK(told.taken == 20ms);
  CHECK((*told.result)->exchange.upstream == "channel 0");
  CHECK(lab.asked(1) + lab.asked(2) == 0);
  CHECK(lab.metrics.retries == 0);
}

TEST_CASE("Answers and faults that come before the first wait are as good as later ones") {
  Lab lab({{{fails(0ms, Fault::unreachable)}, {answers(0ms)}}});
  const Told& told = lab.ask();
  lab.scheduler.run_ready();
  CHECK(told.good());
  Lab hopeless({{{fails(0ms, Fault::unreachable)}, {fails(0ms, Fault::no_network)}}});
  const Told& failed = hopeless.ask();
  hopeless.scheduler.run_ready();
  REQUIRE(failed.result);
  CHECK(failed.result->error().fault == Fault::no_network);
}

TEST_CASE("A fault moves the query on at once, and the next query does not go there first") {
  Lab lab({{{fails(5ms, Fault::unreachable)}, {answers(20ms)}}});
  const Told& first = lab.ask();
  lab.pass(100ms);
  CHECK(first.good());
  CHECK(first.taken == 25ms);
  CHECK(lab.metrics.retries == 1);
  const Told& second = lab.ask();
  lab.pass(100ms);
  CHECK(second.taken == 20ms);
  CHECK(lab.asked(0) == 1);
}

TEST_CASE("SERVFAIL and REFUSED are asked elsewhere; NXDOMAIN is an answer") {
  for (const Rcode rcode : {Rcode::servfail, Rcode::refused, Rcode::formerr, Rcode::notimp}) {
    Lab lab({{{says(5ms, rcode)}, {answers(20ms)}}});
    const Told& told = lab.ask();
    lab.pass(1s);
    CHECK(told.good());
    CHECK(told.taken == 25ms);
  }
  Lab lab({{{says(5ms, Rcode::nxdomain)}, {answers(20ms)}}});
  const Told& told = lab.ask();
  lab.pass(1s);
  CHECK((*told.result)->message.rcode() == Rcode::nxdomain);
  CHECK(lab.asked(1) == 0);
}

TEST_CASE("A referral is asked elsewhere, and is what is told if all refer") {
  Lab lab({{{refers(5ms)}, {answers(20ms)}}});
  const Told& told = lab.ask();
  lab.pass(1s);
  CHECK((*told.result)->message.index().answers == 1);
  CHECK(told.taken == 25ms);
  Lab lame({{{refers(5ms)}, {refers(5ms)}}});
  const Told& none = lame.ask();
  lame.pass(1s);
  CHECK(is_referral((*none.result)->message));
}

TEST_CASE("If all say SERVFAIL that is the answer, rather than a fault of another") {
  Lab lab({{{says(5ms, Rcode::servfail)}, {fails(5ms, Fault::unreachable)}}});
  const Told& told = lab.ask();
  lab.pass(1s);
  REQUIRE(told.result->has_value());
  CHECK((*told.result)->message.rcode() == Rcode::servfail);
  CHECK(told.taken == 10ms);
}

TEST_CASE("Silence moves the query on within a second, and sooner where a connection is yet to be made") {
  Lab warm({{{silent}, {answers(20ms)}}});
  const Told& told = warm.ask();
  warm.pass(2s);
  CHECK(told.taken == 920ms);
  Lab cold({{{silent}, {answers(20ms)}}});
  cold.fakes[0]->now_.warm = false;
  const Told& sooner = cold.ask();
  cold.pass(2s);
  CHECK(sooner.taken == 620ms);
}

TEST_CASE("A late answer of the first wins while the second is still silent") {
  Lab lab({{{answers(1500ms)}, {silent}}});
  const Told& told = lab.ask();
  lab.pass(5s);
  CHECK(told.good());
  CHECK(told.taken == 1500ms);
}

TEST_CASE("Whatever happens there is an outcome at the deadline, and each service was asked once") {
  Lab lab({{{silent, silent}, {silent}}, {{silent}}});
  const Told& told = lab.ask();
  lab.pass(4499ms);
  CHECK(!told.result);
  lab.pass(1ms);
  REQUIRE(told.result);
  CHECK(!told.result->has_value());
  CHECK(told.result->error().fault == Fault::timeout);
  CHECK(lab.asked(0) + lab.asked(1) == 1);
  CHECK(lab.asked(2) == 1);
  CHECK(lab.asked(3) == 1);
}

TEST_CASE("A name that nobody answers is asked once more and not again where there is but one service") {
  Lab lab({{{silent, silent}}});
  const Told& told = lab.ask();
  lab.pass(5s);
  CHECK(told.taken == limit);
  CHECK(lab.asked(0) == 1);
  CHECK(lab.asked(1) == 1);
}

TEST_CASE("A query late on the only connection that is up is asked over a new one too, and the next ones over that") {
  Lab lab({{{silent, answers(60ms)}}});
  lab.fakes[1]->now_.warm = false;
  const Told& told = lab.ask("one.example");
  lab.pass(890ms);
  CHECK(lab.asked(1) == 0);
  lab.pass(100ms);
  CHECK(told.good());
  lab.fakes[1]->now_.warm = true;
  for (int i = 0; i < 4; ++i) lab.ask("more.example");
  CHECK(lab.asked(0) == 1);
  CHECK(lab.asked(1) == 5);
}

TEST_CASE("Where two services are silent, their last one is asked over a new connection too") {
  Lab lab({{{silent, silent}, {silent, answers(60ms)}}});
  for (const std::size_t cold : {1U, 3U}) lab.fakes[cold]->now_.warm = false;
  lab.fakes[0]->now_.warm = lab.fakes[2]->now_.warm = true;
  const Told& told = lab.ask();
  lab.pass(2s);
  CHECK(told.good());
  CHECK(lab.asked(3) == 1);
}

TEST_CASE("No second connection is tried beside one that cannot be had") {
  Lab lab({{{silent, silent}}});
  for (FakeUpstream* fake : lab.fakes) fake->now_.warm = false;
  lab.ask();
  lab.pass(5s);
  CHECK(lab.asked(0) == 1);
  CHECK(lab.asked(1) == 0);
}

TEST_CASE("Every query of a random world is answered by the deadline") {
  std::mt19937 random(11);
  const auto chaos = [&random](const Message& query) {
    const auto delay = std::chrono::milliseconds(random() % 3000);
    switch (random() % 6) {
      case 0:
        return silent(query);
      case 1:
        return fails(delay, Fault::unreachable)(query);
      case 2:
        return says(delay, Rcode::servfail)(query);
      case 3:
        return fails(0ms, Fault::overloaded)(query);
      default:
        return answers(delay)(query);
    }
  };
  Lab lab({{{chaos, chaos}, {chaos, chaos}}, {{chaos}}});
  for (int i = 0; i < 2000; ++i) {
    lab.ask("n" + std::to_string(i) + ".example");
    FakeUpstream& any = *lab.fakes[random() % lab.fakes.size()];
    any.now_.warm = random() % 2 == 0;
    any.held_up_ = random() % 2 == 0;
    lab.pass(std::chrono::milliseconds(random() % 50));
  }
  lab.pass(limit);
  for (const Told& told : lab.all_told) {
    REQUIRE(told.result);
    CHECK(told.taken <= limit);
  }
  CHECK(lab.tasks.size() == 0);
  CHECK(lab.tasks.escaped_exceptions() == 0);
}

TEST_CASE("A machine that slept connects afresh, one that merely waited does not") {
  Lab lab({{{answers(20ms), answers(20ms)}, {answers(20ms)}}});
  lab.ask();
  lab.pass(10min);
  lab.ask();
  lab.pass(1s);
  CHECK(lab.fakes[0]->network_changes == 0);
  lab.clock.sleep(10min);
  lab.ask();
  lab.pass(1s);
  for (const FakeUpstream* fake : lab.fakes) CHECK(fake->network_changes == 1);
  lab.ask();
  CHECK(lab.fakes[0]->network_changes == 1);
}

TEST_CASE("A pool that is made after the machine slept does not take that for a change") {
  Lab other({{{answers(20ms)}}});
  ManualClock clock;
  clock.sleep(1h);
  Scheduler scheduler(clock);
  std::vector<UpstreamOperator> operators(1);
  auto fake = std::make_unique<FakeUpstream>(scheduler, "channel", answers(0ms));
  FakeUpstream* channel = fake.get();
  operators[0].services.emplace_back().channels.push_back(std::move(fake));
  TaskGroup attempts, callers;
  Pool pool(scheduler, attempts, other.metrics, std::move(operators));
  callers.spawn([](Pool& asked, Instant deadline) -> Task<void> {
    const Message query = upstream_query(question("www.example"), false, false);
    (void)co_await asked.exchange(query, deadline);
  }(pool, clock.now() + limit));
  scheduler.run_ready();
  CHECK(channel->asked.size() == 1);
  CHECK(channel->network_changes == 0);
}

TEST_CASE("A change of the network forgets failures and times") {
  Lab lab({{{fails(5ms, Fault::unreachable)}, {answers(20ms)}}});
  lab.ask();
  lab.pass(100ms);
  CHECK(!lab.pool->reports()[0].good);
  lab.pool->network_changed();
  CHECK(lab.pool->reports()[0].good);
  CHECK(lab.pool->reports()[1].p50 == 0ms);
  CHECK(lab.fakes[1]->network_changes == 1);
}

TEST_CASE("Who gives a query up at any moment is not resumed, and the attempts end by themselves") {
  for (Duration moment = 0ms; moment < 1500ms; moment += 7ms) {
    Lab lab({{{answers(500ms), answers(700ms)}, {answers(20ms)}}});
    lab.fakes[0]->held_up_ = lab.fakes[1]->held_up_ = moment.count() % 2 == 0;
    Told told{lab.clock.now(), std::nullopt};
    {
      TaskGroup callers;
      for (int i = 0; i < 3; ++i) callers.spawn(lab.asking("a.example", told));
      lab.pass(moment);
    }
    lab.pass(5s);
    CHECK(lab.tasks.size() == 0);
  }
}

TEST_CASE("Everything may be cancelled at any moment") {
  for (Duration moment = 0ms; moment < 1200ms; moment += 13ms) {
    Lab lab({{{answers(900ms), answers(30ms)}, {silent}}, {{says(10ms, Rcode::servfail)}}});
    lab.fakes[0]->held_up_ = true;
    for (int i = 0; i < 5; ++i) lab.ask();
    lab.pass(moment);
    lab.tasks.cancel();
    lab.pass(5s);
    CHECK(lab.tasks.size() == 0);
  }
}
