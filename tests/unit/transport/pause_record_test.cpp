#include "transport/pause_record.hpp"

#include <doctest/doctest.h>

using namespace tacet;
using std::chrono::seconds;

TEST_CASE("an idle connection is kept as long as wanted until two died in pauses") {
  PauseRecord record;
  CHECK(record.limit(seconds(240)) == seconds(240));
  record.died(seconds(100));
  CHECK(record.limit(seconds(240)) == seconds(240));
  record.died(seconds(120));
  CHECK(record.limit(seconds(240)) == seconds(50));
  CHECK(record.limit(seconds(9)) == seconds(9));
}

TEST_CASE("a connection is kept for as long as one survived") {
  PauseRecord record;
  record.survived(seconds(80));
  record.died(seconds(100));
  record.died(seconds(100));
  CHECK(record.limit(seconds(240)) == seconds(80));
}

TEST_CASE("a death in a pause that another connection survived is a loss, before it and after it") {
  PauseRecord record;
  record.died(seconds(60));
  record.died(seconds(70));
  record.survived(seconds(60));
  CHECK(record.limit(seconds(240)) == seconds(240));
  record.died(seconds(40));
  record.died(seconds(60));
  CHECK(record.limit(seconds(240)) == seconds(240));
}
