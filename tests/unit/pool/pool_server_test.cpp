#include <doctest/doctest.h>

#include <algorithm>

#include "pool_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

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

TEST_CASE("Questions for a proof open no second connection, however many there are") {
  Lab lab({{{answers(5ms), answers(5ms)}}});
  lab.fakes[1]->now_.warm = false;
  std::deque<Told> told;
  for (int i = 0; i < 10; ++i) lab.tasks.spawn(lab.asking_elsewhere(told.emplace_back(Told{lab.clock.now(), {}})));
  lab.pass(10ms);
  CHECK(std::ranges::all_of(told, &Told::good));
  CHECK(lab.fakes[1]->prepared == 0);
}

TEST_CASE("While a loss holds up both connections that take turns, the spare is used") {
  Lab lab({{{answers(20ms), answers(20ms), answers(20ms)}}});
  lab.ask_many(80, ".fast.example");
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
  lab.ask_many(40, ".fast.example");
  lab.fakes[0]->script = silent;
  for (int i = 0; i < 2; ++i) {
    lab.ask("a" + std::to_string(i) + ".fast.example");
    lab.pass(30ms);
  }
  lab.pass(limit);
  lab.fakes[0]->script = answers(20ms);
  const auto before = lab.asked(0);
  lab.ask_many(10, ".fast.example");
  CHECK(lab.asked(0) == before + 5);
}
