#include "resolve/validation/proof_pace.hpp"

#include <doctest/doctest.h>

using namespace tacet;
using namespace std::chrono_literals;

namespace {

const Instant start = Instant() + 1h;

/// One part of a proof, in which `failures` signatures of `cost` microseconds do not hold.
ProofBudget::Grant verify(ProofPace& pace, ProofBudget& budget, Instant now, int cost, int failures = 0) {
  if (!pace.begin(budget, now)) return ProofBudget::Grant::paused;
  auto grant = budget.take_verification(cost);
  for (; failures > 0 && grant == ProofBudget::Grant::granted; --failures) {
    budget.note_failure(cost);
    if (failures > 1) grant = budget.take_verification(cost);
  }
  pace.end(budget);
  return grant;
}

}  // namespace

TEST_CASE("All proofs of a turn share its time, and the next turn has time again") {
  ProofPace pace;
  ProofBudget first, second;
  CHECK(verify(pace, first, start, 1000) == ProofBudget::Grant::granted);
  CHECK(verify(pace, second, start, 100) == ProofBudget::Grant::paused);
  CHECK(verify(pace, first, start, 100) == ProofBudget::Grant::paused);
  CHECK(verify(pace, second, start + 1ms, 100) == ProofBudget::Grant::granted);
}

TEST_CASE("A verification that the rest of a turn does not hold waits, and one costlier than a turn has its own") {
  ProofPace pace;
  ProofBudget budget;
  CHECK(verify(pace, budget, start, 300) == ProofBudget::Grant::granted);
  CHECK(verify(pace, budget, start, 800) == ProofBudget::Grant::paused);
  CHECK(verify(pace, budget, start, 700) == ProofBudget::Grant::granted);
  CHECK(verify(pace, budget, start + 1ms, 1200) == ProofBudget::Grant::granted);
  CHECK(verify(pace, budget, start + 1ms, 1) == ProofBudget::Grant::paused);
}

TEST_CASE(
    "What hashes and many records take counts for the turn, and a turn whose time is over examines nothing more") {
  ProofPace pace;
  ProofBudget hostile, other;
  REQUIRE(pace.begin(hostile, start));
  hostile.beside = 900;
  CHECK(hostile.take_verification(400) == ProofBudget::Grant::granted);  // its own turn leads further all the same
  pace.end(hostile);
  CHECK(!pace.begin(other, start));
  CHECK(pace.begin(other, start + 1ms));
  CHECK(other.turn == ProofBudget::turn_length);
}

TEST_CASE("Paused proofs go on one after the other") {
  ProofPace pace;
  ProofBudget costly, cheap;
  costly.wanted = 1000;
  cheap.wanted = 100;
  CHECK(pace.next_place(costly, start) == start + 1ms);
  CHECK(pace.next_place(cheap, start) == start + 2ms);
  CHECK(pace.next_place(cheap, start) == start + 2100us);
  CHECK(pace.next_place(cheap, start + 1s) == start + 1s + 1ms);
}

TEST_CASE("A worker that has wasted much time on wrong signatures lets one fail in a proof, until time has passed") {
  ProofPace pace;
  Instant now = start;
  for (int i = 0; i < 120; ++i) {
    ProofBudget hostile;
    verify(pace, hostile, now += 100us, 1000, 1);
  }
  ProofBudget late;
  verify(pace, late, now += 1ms, 1000, 1);
  CHECK(late.failures == 0);
  CHECK(verify(pace, late, now += 1ms, 1000) == ProofBudget::Grant::spent);
  ProofBudget honest;  // one signature for each RRset, and each holds
  for (int i = 0; i < 10; ++i) CHECK(verify(pace, honest, now += 1ms, 100) == ProofBudget::Grant::granted);
  ProofBudget later;
  verify(pace, later, now += 1s, 1000, 1);
  CHECK(later.failures == ProofBudget{}.failures - 1);
}
