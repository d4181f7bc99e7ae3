#include "observe/journal.hpp"

#include <doctest/doctest.h>

using namespace tacet;
using namespace std::chrono_literals;

namespace {

const std::vector<std::uint8_t> query{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1};

struct Desk {
  Metrics metrics;
  Ledger ledger{ExposureMode::off};
  Journal journal{metrics, ledger};
  MessageIndex index = index_message(query).value();
};

}  // namespace

TEST_CASE("Every answer is counted by where it came from and by RCODE") {
  Desk desk;
  desk.journal.answered_now(Source::cache, Rcode::noerror);
  desk.journal.answered_now(Source::policy, Rcode::nxdomain);
  desk.journal.record({query, desk.index, Source::stale, Rcode::noerror, 2ms});
  CHECK(desk.metrics.answers == std::array<std::uint64_t, source_count>{1, 1, 1, 0, 0});
  CHECK(desk.metrics.rcodes[0] == 2);
  CHECK(desk.metrics.rcodes[3] == 1);
}

TEST_CASE("Only what an upstream answered counts in the time of misses") {
  Desk desk;
  desk.journal.record({query, desk.index, Source::upstream, Rcode::noerror, 20ms});
  desk.journal.record({query, desk.index, Source::failure, Rcode::servfail, 4500ms});
  desk.journal.record({query, desk.index, Source::stale, Rcode::noerror, 1800ms});
  CHECK(desk.metrics.miss_time.count() == 1);
  CHECK(desk.metrics.miss_time.sum_seconds() == doctest::Approx(0.020));
}
