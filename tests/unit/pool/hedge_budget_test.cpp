#include "pool/hedge_budget.hpp"

#include <doctest/doctest.h>

using namespace tacet;

TEST_CASE("The budget gives a burst, then a twentieth, and saves no more than a burst") {
  HedgeBudget budget;
  int spent = 0;
  for (int i = 0; i < 1000; ++i) spent += budget.spend() ? 1 : 0;
  CHECK(spent == 50);
  for (int i = 0; i < 1000; ++i) {
    budget.earn();
    spent += budget.spend() ? 1 : 0;
  }
  CHECK(spent <= 100);
  CHECK(spent >= 99);
  for (int i = 0; i < 100000; ++i) budget.earn();
  spent = 0;
  for (int i = 0; i < 1000; ++i) spent += budget.spend() ? 1 : 0;
  CHECK(spent == 50);
}

TEST_CASE("The budget is plenty down to half of the burst, and scarcity grows from there to one") {
  HedgeBudget budget;
  for (int i = 0; i < 25; ++i) CHECK(budget.spend());
  CHECK(budget.plenty());
  CHECK(budget.scarcity() == 0);
  for (int i = 0; i < 15; ++i) CHECK(budget.spend());
  CHECK(!budget.plenty());
  CHECK(budget.scarcity() == doctest::Approx(0.6));
  for (int i = 0; i < 10; ++i) CHECK(budget.spend());
  CHECK(budget.scarcity() == doctest::Approx(1));
  CHECK(!budget.spend());
}
