#include "resolve/cache/ahead.hpp"

#include <doctest/doctest.h>

using namespace tacet;

TEST_CASE(
    "A refresh pays if the next use probably comes behind the end of the kept answer and before that of the new one") {
  struct Row {
    std::uint32_t remaining, lifetime, interval;
    bool pays;
  };
  for (const Row& row : {Row{300, 300, 0, false},                          // one use tells nothing
                         Row{1, 300, 0, false}, Row{1, 9, 1, false},       // an answer of a few seconds
                         Row{1, 300, 1, true},                             // asked for all the time: at the very end
                         Row{30, 300, 1, false},                           // there is still time
                         Row{2, 60, 60, true},                             // about as often as it expires
                         Row{2, 30, 60, false},                            // too seldom: it would expire unused
                         Row{20, 300, 60, true}, Row{50, 300, 60, false},  // the next use probably still finds it
                         Row{5, 3600, 7200, false}}) {
    CAPTURE(row.remaining);
    CAPTURE(row.lifetime);
    CAPTURE(row.interval);
    CHECK(refresh_pays(row.remaining, row.lifetime, row.interval) == row.pays);
  }
}
