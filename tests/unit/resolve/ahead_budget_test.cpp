#include "resolve/ahead_budget.hpp"

#include <doctest/doctest.h>

using namespace tacet;

TEST_CASE("Guesses that no client uses are a quarter of the clients' questions, after the first burst") {
  AheadBudget budget;
  int spent = 0;
  for (; budget.spend(); ++spent) {
  }
  CHECK(spent == AheadBudget::burst);
  CHECK_FALSE(budget.has_left());
  for (int i = 0; i < 400; ++i) {
    budget.earn();
    spent += budget.spend() ? 1 : 0;
  }
  CHECK(spent == AheadBudget::burst + 100);
}

TEST_CASE("Guesses that clients use pay for themselves") {
  AheadBudget budget;
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(budget.spend());
    budget.proved();
  }
}

TEST_CASE("A lull does not fill the budget beyond its burst") {
  AheadBudget budget;
  for (int i = 0; i < 10000; ++i) budget.earn();
  int spent = 0;
  for (; budget.spend(); ++spent) {
  }
  CHECK(spent == AheadBudget::burst);
}
