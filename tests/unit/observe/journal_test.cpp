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

TEST_CASE("The ledger learns which questions came over HTTPS, and whether one asked for the key of ECH") {
  Metrics metrics;
  Ledger ledger{ExposureMode::passive};
  Journal journal(metrics, ledger);
  const std::vector<std::uint8_t> name{1, 'a', 0};
  const auto known = [&] {
    Exposure exposure;
    ledger.add_to(exposure);
    return exposure.names.begin()->second;
  };
  journal.resolved({1, name, Type::a, ClientTransport::https}, Instant(1s));
  CHECK_FALSE(known().key_over_https);
  journal.resolved({2, name, Type::https, ClientTransport::https}, Instant(1s));
  CHECK(known().only_for_ech());
  for (const auto other : {ClientTransport::udp, ClientTransport::tcp, ClientTransport::tls})
    journal.resolved({2, name, Type::https, other}, Instant(1s));
  CHECK(known().queries == 5);
  CHECK(known().over_https == 2);
  CHECK_FALSE(known().only_for_ech());
}

TEST_CASE("A question without an answer is noted with its reason, unless no names are kept") {
  Metrics metrics;
  Ledger ledger{ExposureMode::passive};
  Journal journal(metrics, ledger);
  const MessageIndex index = index_message(query).value();
  journal.record({query, index, Source::upstream, Rcode::nxdomain, 2ms});
  journal.record({.query = query,
                  .index = index,
                  .source = Source::failure,
                  .rcode = Rcode::servfail,
                  .taken = 2s,
                  .reason = "nobody answered",
                  .arrived = Instant(1s)});
  Exposure exposure;
  ledger.add_to(exposure);
  REQUIRE(exposure.failures.size() == 1);
  CHECK(exposure.failures[0].name == std::string("\1a\0", 3));
  CHECK(exposure.failures[0].why == "SERVFAIL: nobody answered");
  CHECK(exposure.failures[0].last == Instant(3s));

  Desk desk;
  desk.journal.record({query, desk.index, Source::failure, Rcode::servfail, 2s});
  Exposure none;
  desk.ledger.add_to(none);
  CHECK(none.failures.empty());
}
