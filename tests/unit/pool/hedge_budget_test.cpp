#include "pool/hedge_budget.hpp"

#include <doctest/doctest.h>

using namespace tacet;

namespace {

/// Copies as often as the budget allows, of which the first `won_of_ten` of ten win. Returns how many it paid for.
int copies(HedgeBudget& budget, int queries, int won_of_ten) {
  int sent = 0;
  for (int i = 0; i < queries; ++i) {
    budget.earn();
    if (budget.spend() && sent++ % 10 < won_of_ten) budget.refund();
  }
  return sent;
}

int spend_all(HedgeBudget& budget) {
  int sent = 0;
  while (budget.spend()) ++sent;
  return sent;
}

}  // namespace

TEST_CASE("The budget gives a burst, then a twentieth in vain and a tenth in all") {
  struct Row {
    int won_of_ten, least, most;
  };
  for (const Row& row : {Row{0, 499, 500}, {2, 624, 626}, {5, 998, 1001}, {8, 999, 1001}, {10, 999, 1001}}) {
    CAPTURE(row.won_of_ten);
    HedgeBudget budget;
    CHECK(spend_all(budget) == 50);
    const int sent = copies(budget, 10000, row.won_of_ten);
    CHECK(sent >= row.least);
    CHECK(sent <= row.most);
  }
}

TEST_CASE("The budget saves no more than a burst") {
  HedgeBudget budget;
  for (int i = 0; i < 100000; ++i) budget.earn();
  for (int i = 0; i < 100; ++i) budget.refund();
  CHECK(spend_all(budget) == 50);
}

TEST_CASE("Copies that win make the budget neither scarce nor last beyond a tenth") {
  HedgeBudget budget;
  for (int i = 0; i < 25; ++i) {
    CHECK(budget.affords_another());
    CHECK(budget.spend());
    budget.refund();
  }
  CHECK(budget.affords_another());
  CHECK(budget.spend());
  CHECK(!budget.affords_another());
  budget.refund();
  CHECK(budget.scarcity() == 0);
  CHECK(spend_all(budget) == 24);
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
