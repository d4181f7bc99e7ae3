#include <doctest/doctest.h>

#include <deque>
#include <random>

#include "pool/pool.hpp"
#include "unit/pool/upstream_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

constexpr Duration limit = 4500ms;
const auto silent = answers(1h);

/// One operator: its services, each a list of its channels' scripts.
using Services = std::vector<std::vector<FakeUpstream::Script>>;

struct Told {
  Instant asked_at;
  std::optional<Result<Response>> result;
  Duration taken{};
  bool good() const { return result && *result && (*result)->message.rcode() == Rcode::noerror; }
};

/// A set over fakes, and what it told whom when.
struct Lab : World {
  explicit Lab(const std::vector<Services>& operators) {
    std::vector<UpstreamOperator> built;
    for (const Services& services : operators) {
      UpstreamOperator& op =
          built.emplace_back("operator " + std::to_string(built.size()), std::vector<UpstreamService>{});
      for (const auto& scripts : services) {
        UpstreamService& service = op.services.emplace_back();
        for (const auto& script : scripts) {
          auto fake = std::make_unique<FakeUpstream>(scheduler, "channel " + std::to_string(fakes.size()), script);
          fake->now_.warm = true;
          fakes.push_back(fake.get());
          service.channels.push_back(std::move(fake));
        }
      }
    }
    set = std::make_unique<Pool>(scheduler, tasks, metrics, std::move(built));
  }

  Task<void> asking(std::string name, Told& told) {
    const AnswerImage unused;
    const Message query = upstream_query(question(name), false, false);
    told.result = co_await set->exchange(query, told.asked_at + limit);
    told.taken = clock.now() - told.asked_at;
  }
  Told& ask(std::string name = "www.example") {
    Told& told = all_told.emplace_back(Told{clock.now(), std::nullopt});
    tasks.spawn(asking(std::move(name), told));
    return told;
  }
  std::size_t asked(std::size_t channel) const { return fakes[channel]->asked.size(); }

  Metrics metrics;
  std::vector<FakeUpstream*> fakes;
  std::deque<Told> all_told;
  std::unique_ptr<Pool> set;
  TaskGroup tasks;
};

/// Answers fast, but never to names that begin with "lame".
FakeUpstream::Step lame_or_fast(const Message& query) {
  return query.question().name.to_string().starts_with("lame") ? silent(query) : answers(20ms)(query);
}

}  // namespace

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

TEST_CASE("The explanation is the order in which a query is tried, and asks nobody") {
  Lab lab({{{fails(5ms, Fault::unreachable)}, {answers(20ms)}}, {{answers(1ms)}}});
  const auto ids = [&lab] {
    std::vector<std::string> all;
    for (const ServerExplanation& service : lab.set->explanation()) all.push_back(service.id);
    return all;
  };
  CHECK(ids() == std::vector<std::string>{"channel 0", "channel 1", "channel 2"});
  CHECK(lab.asked(0) == 0);
  lab.ask();
  lab.pass(100ms);
  CHECK(ids() == std::vector<std::string>{"channel 1", "channel 2", "channel 0"});
  const auto explanation = lab.set->explanation();
  CHECK(explanation[0].good);
  CHECK(explanation[0].warm);
  CHECK(explanation[0].typical == 20ms);
  CHECK(explanation[0].operator_name == "operator 0");
  CHECK(!explanation[2].good);
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
  for (const std::size_t cold : {1, 3}) lab.fakes[cold]->now_.warm = false;
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

TEST_CASE("Warm connections take turns; a cold one is left alone") {
  Lab lab({{{answers(5ms), answers(5ms)}}});
  for (int i = 0; i < 10; ++i) {
    lab.ask();
    lab.pass(10ms);
  }
  CHECK(lab.asked(0) == 5);
  CHECK(lab.asked(1) == 5);
  lab.fakes[1]->now_.warm = false;
  for (int i = 0; i < 10; ++i) {
    lab.ask();
    lab.pass(10ms);
  }
  CHECK(lab.asked(0) == 15);
}

TEST_CASE("The second connection is prepared only under traffic, and only beside a first that is up") {
  Lab lab({{{answers(5ms), answers(5ms)}}});
  lab.fakes[1]->now_.warm = false;
  for (int i = 0; i < 20; ++i) {
    lab.ask();
    lab.pass(400ms);
  }
  CHECK(lab.fakes[1]->prepared == 0);
  lab.fakes[0]->now_.warm = false;
  for (int i = 0; i < 10; ++i) lab.ask();
  CHECK(lab.fakes[1]->prepared == 0);
  lab.fakes[0]->now_.warm = true;
  lab.pass(2s);
  for (int i = 0; i < 4; ++i) lab.ask();
  CHECK(lab.fakes[1]->prepared == 1);
}

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

TEST_CASE("Over ten thousand queries the extra ones stay within a burst and a twentieth") {
  Lab lab({{{silent, silent}, {silent, silent}}});
  // Each connection is stalled half of the time; what was held back is answered when the stall ends.
  const auto stalling = [&lab](const Message& query) {
    const Duration phase = lab.clock.now().time_since_epoch() % 200ms;
    return answers(phase < 100ms ? 100ms - phase : 5ms)(query);
  };
  for (FakeUpstream* fake : lab.fakes) {
    fake->held_up_ = true;
    fake->script = stalling;
  }
  for (int i = 0; i < 10000; ++i) {
    lab.ask("n" + std::to_string(i) + ".example");
    lab.pass(3ms);
    const auto extra = static_cast<double>(lab.metrics.hedges_sent);
    if (extra > 50 + 0.05 * (i + 1)) FAIL("hedges: ", extra, " of ", i);
  }
  lab.pass(5s);
  std::size_t sent = 0;
  for (std::size_t i = 0; i < lab.fakes.size(); ++i) sent += lab.asked(i);
  CHECK(sent == 10000 + lab.metrics.hedges_sent);
  CHECK(lab.metrics.hedges_sent > 500);
  CHECK(lab.metrics.hedges_denied > 0);
}

TEST_CASE("A loser's time is a sample, and its answer is waited for") {
  Lab lab({{{answers(300ms)}, {answers(20ms)}}});
  lab.fakes[0]->held_up_ = true;
  lab.ask();
  lab.pass(200ms);
  CHECK(lab.set->reports()[0].p50 == 0ms);
  lab.pass(200ms);
  CHECK(lab.set->reports()[0].p50 == 300ms);
  CHECK(lab.fakes[0]->ended == 1);
  CHECK(lab.tasks.size() == 0);
}

TEST_CASE("A failing service is probed beside other queries after a back-off, and preferred again when it works") {
  Lab lab({{{fails(5ms, Fault::unreachable)}, {answers(20ms)}}});
  lab.ask();
  lab.pass(900ms);
  lab.ask();
  lab.pass(50ms);
  CHECK(lab.asked(0) == 1);
  lab.pass(60ms);
  const Told& beside = lab.ask();
  lab.pass(100ms);
  CHECK(lab.asked(0) == 2);
  CHECK(beside.taken == 20ms);
  lab.fakes[0]->script = answers(20ms);
  lab.pass(3s);
  lab.ask();
  lab.pass(100ms);
  CHECK(lab.set->reports()[0].good);
  const Told& back = lab.ask();
  lab.pass(100ms);
  CHECK((*back.result)->exchange.upstream == "channel 0");
}

TEST_CASE("An operator that fails costs one slow query and not each") {
  Lab lab({{{silent}}, {{answers(20ms)}}});
  lab.fakes[0]->now_.warm = false;
  const Told& slow = lab.ask();
  lab.pass(5s);
  CHECK(slow.taken == 620ms);
  CHECK(!lab.set->reports()[0].good);
  for (int i = 0; i < 5; ++i) {
    const Told& told = lab.ask();
    lab.pass(200ms);
    CHECK(told.taken == 20ms);
  }
  lab.fakes[0]->script = answers(20ms);
  lab.pass(30s);
  lab.ask();
  lab.pass(200ms);
  const Told& back = lab.ask();
  lab.pass(200ms);
  CHECK((*back.result)->exchange.upstream == "channel 0");
}

TEST_CASE("When everything fails the least failing is asked first, and every query tries anew") {
  Lab lab({{{fails(5ms, Fault::unreachable)}, {fails(5ms, Fault::unreachable)}}});
  for (int i = 0; i < 20; ++i) {
    lab.ask();
    lab.pass(1s);
  }
  lab.fakes[0]->script = lab.fakes[1]->script = answers(30ms);
  const Told& healed = lab.ask();
  lab.pass(1s);
  CHECK(healed.good());
  CHECK(healed.taken == 30ms);
}

TEST_CASE("A name that is never answered moves no health and is no reason to leave a service") {
  Lab lab({{{lame_or_fast, lame_or_fast}, {answers(20ms)}}});
  for (int second = 0; second < 30; ++second) {
    lab.ask("lame.example");
    for (int i = 0; i < 10; ++i) {
      const Told& told = lab.ask("n" + std::to_string(i) + ".example");
      lab.pass(100ms);
      CHECK((*told.result)->exchange.upstream != "channel 2");
    }
    CHECK(lab.set->reports()[0].good);
  }
}

TEST_CASE("A second connection that cannot be had does not move the service's health") {
  Lab lab({{{answers(20ms), fails(40ms, Fault::unreachable)}, {answers(20ms)}}});
  for (int i = 0; i < 10; ++i) {
    lab.ask();
    lab.pass(10ms);
  }
  lab.pass(1s);
  CHECK(lab.set->reports()[0].good);
}

TEST_CASE("The faster of an operator's working services is used, if it is markedly so") {
  Lab lab({{{fails(5ms, Fault::unreachable)}, {answers(20ms)}}});
  lab.ask();
  lab.pass(2s);
  lab.fakes[0]->script = answers(100ms);
  lab.ask();  // the probe that finds the first one working, and slow
  lab.pass(1s);
  CHECK(lab.set->reports()[0].good);
  lab.ask();
  lab.pass(1s);
  CHECK(lab.asked(0) == 2);
  CHECK(lab.asked(1) == 3);
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

TEST_CASE("A set that is made after the machine slept does not take that for a change") {
  Lab other({{{answers(20ms)}}});
  ManualClock clock;
  clock.sleep(1h);
  Scheduler scheduler(clock);
  std::vector<UpstreamOperator> operators(1);
  auto fake = std::make_unique<FakeUpstream>(scheduler, "channel", answers(0ms));
  FakeUpstream* channel = fake.get();
  operators[0].services.emplace_back().channels.push_back(std::move(fake));
  TaskGroup attempts, callers;
  Pool set(scheduler, attempts, other.metrics, std::move(operators));
  callers.spawn([](Pool& asked, Instant deadline) -> Task<void> {
    const Message query = upstream_query(question("www.example"), false, false);
    (void)co_await asked.exchange(query, deadline);
  }(set, clock.now() + limit));
  scheduler.run_ready();
  CHECK(channel->asked.size() == 1);
  CHECK(channel->network_changes == 0);
}

TEST_CASE("A change of the network forgets failures and times") {
  Lab lab({{{fails(5ms, Fault::unreachable)}, {answers(20ms)}}});
  lab.ask();
  lab.pass(100ms);
  CHECK(!lab.set->reports()[0].good);
  lab.set->network_changed();
  CHECK(lab.set->reports()[0].good);
  CHECK(lab.set->reports()[1].p50 == 0ms);
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

TEST_CASE("A service that another had to stand in for fails at once if it cannot be reached or acknowledges nothing") {
  Lab lab({{{silent}, {answers(20ms)}}});
  lab.fakes[0]->held_up_ = true;
  CHECK(lab.ask().taken == 0ns);
  lab.pass(1s);
  const Told& next = lab.ask("next.example");
  lab.pass(100ms);
  CHECK(next.good());
  CHECK(next.taken <= 50ms);
}

TEST_CASE("A service that was merely slow with one name keeps its place") {
  Lab lab({{{lame_or_fast}, {answers(20ms)}}});
  lab.ask("lame.example");
  lab.pass(2s);
  const std::size_t before = lab.asked(0);
  lab.ask("next.example");
  lab.pass(100ms);
  CHECK(lab.asked(0) == before + 1);
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

/// Asks so many names of a zone, 20 ms apart.
void ask_many(Lab& lab, int count, const std::string& zone) {
  for (int i = 0; i < count; ++i) {
    lab.ask("n" + std::to_string(i) + zone);
    lab.pass(20ms);
  }
}

}  // namespace

TEST_CASE("Once a zone was seen to be slow upstream, its names are not taken for lost") {
  Lab lab({{{slow_or_fast, slow_or_fast}}});
  for (auto* fake : lab.fakes) fake->held_up_ = true;
  ask_many(lab, 100, ".fast.example");
  ask_many(lab, 1, ".slow.example");
  ask_many(lab, 50, ".fast.example");
  const auto before = lab.metrics.hedges_sent;
  for (int i = 0; i < 50; ++i) {
    ask_many(lab, 1, ".slow.example");
    ask_many(lab, 10, ".fast.example");
  }
  CHECK(lab.metrics.hedges_sent == before);
}

TEST_CASE("A name of a slow zone is asked twice once an acknowledgement is overdue, and others are not") {
  Lab lab({{{slow_or_fast, slow_or_fast}}});
  ask_many(lab, 100, ".fast.example");
  ask_many(lab, 1, ".slow.example");
  ask_many(lab, 50, ".fast.example");
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
  ask_many(lab, 100, ".fast.example");
  for (int i = 0; i < 20; ++i) {
    const auto before = lab.metrics.hedges_sent;
    lab.ask("lost.fast.example");
    lab.pass(22ms);
    if (i < 13) CHECK(lab.metrics.hedges_sent == before + 1);
    if (i > 15) CHECK(lab.metrics.hedges_sent == before);  // with little left it waits longer
    lab.pass(78ms);
    CHECK(lab.metrics.hedges_sent == before + 2);
  }
}

TEST_CASE(
    "When queries get lost a spare connection is opened, and second copies go over what owes the fewest answers") {
  const FakeUpstream::Script lost = [](const Message& query) {
    return query.question().name.to_string().starts_with("lost") ? silent(query) : answers(20ms)(query);
  };
  Lab lab({{{lost, answers(20ms), answers(20ms)}}});
  lab.fakes[2]->now_.warm = false;
  ask_many(lab, 41, ".fast.example");
  CHECK(lab.asked(2) == 0);
  lab.fakes[0]->held_up_ = true;
  const Told& won = lab.ask("lost1.fast.example");
  lab.pass(100ms);
  CHECK(won.good());
  CHECK(lab.asked(2) == 1);  // opened by a copy of the query that was lost
  CHECK(lab.metrics.hedges_sent == 2);
  lab.fakes[2]->now_.warm = true;
  lab.fakes[1]->script = silent;
  ask_many(lab, 2, ".fast.example");  // the first answers, the second owes an answer from now on
  lab.pass(10ms);
  const auto before = lab.asked(2);
  lab.ask("lost2.fast.example");
  lab.ask("lost3.fast.example");
  lab.pass(23ms);
  CHECK(lab.asked(2) >= before + 1);
}

TEST_CASE("While a loss holds up both connections that take turns, the spare is used") {
  Lab lab({{{answers(20ms), answers(20ms), answers(20ms)}}});
  ask_many(lab, 80, ".fast.example");
  CHECK(lab.asked(2) == 0);
  lab.fakes[0]->script = lab.fakes[1]->script = silent;
  for (int i = 0; i < 4; ++i) {
    lab.ask("a" + std::to_string(i) + ".fast.example");
    lab.pass(30ms);
  }
  const auto before = lab.asked(2);
  const Told& told = lab.ask("b.fast.example");
  lab.pass(20ms);
  CHECK(told.taken == 20ms);
  CHECK(lab.asked(2) == before + 1);
}

TEST_CASE("A connection whose loss nobody waits for any more takes its turn again") {
  Lab lab({{{answers(20ms), answers(20ms)}}});
  ask_many(lab, 40, ".fast.example");
  lab.fakes[0]->script = silent;
  for (int i = 0; i < 2; ++i) {
    lab.ask("a" + std::to_string(i) + ".fast.example");
    lab.pass(30ms);
  }
  lab.pass(limit);
  lab.fakes[0]->script = answers(20ms);
  const auto before = lab.asked(0);
  ask_many(lab, 10, ".fast.example");
  CHECK(lab.asked(0) == before + 5);
}
