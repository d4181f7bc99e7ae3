#include <doctest/doctest.h>

#include "pool_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("The explanation is the order in which a query is tried, and asks nobody") {
  Lab lab({{{fails(5ms, Fault::unreachable)}, {answers(20ms)}}, {{answers(1ms)}}});
  const auto ids = [&lab] {
    std::vector<std::string> all;
    for (const ServerExplanation& service : lab.pool->explanation()) all.push_back(service.id);
    return all;
  };
  CHECK(ids() == std::vector<std::string>{"channel 0", "channel 1", "channel 2"});
  CHECK(lab.asked(0) == 0);
  lab.ask();
  lab.pass(100ms);
  CHECK(ids() == std::vector<std::string>{"channel 1", "channel 2", "channel 0"});
  const auto explanation = lab.pool->explanation();
  CHECK(explanation[0].good);
  CHECK(explanation[0].warm);
  CHECK(explanation[0].typical == 20ms);
  CHECK(explanation[0].operator_name == "operator 0");
  CHECK(!explanation[2].good);
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
  CHECK(lab.pool->reports()[0].good);
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
  CHECK(!lab.pool->reports()[0].good);
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
    CHECK(lab.pool->reports()[0].good);
  }
}

TEST_CASE("A second connection that cannot be had does not move the service's health") {
  Lab lab({{{answers(20ms), fails(40ms, Fault::unreachable)}, {answers(20ms)}}});
  for (int i = 0; i < 10; ++i) {
    lab.ask();
    lab.pass(10ms);
  }
  lab.pass(1s);
  CHECK(lab.pool->reports()[0].good);
}

TEST_CASE("The faster of an operator's working services is used, if it is markedly so") {
  Lab lab({{{fails(5ms, Fault::unreachable)}, {answers(20ms)}}});
  lab.ask();
  lab.pass(2s);
  lab.fakes[0]->script = answers(100ms);
  lab.ask();  // the probe that finds the first one working, and slow
  lab.pass(1s);
  CHECK(lab.pool->reports()[0].good);
  lab.ask();
  lab.pass(1s);
  CHECK(lab.asked(0) == 2);
  CHECK(lab.asked(1) == 3);
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
