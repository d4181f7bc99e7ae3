#include "transport/quic/stream_credit.hpp"

#include <doctest/doctest.h>

namespace tacet {

TEST_CASE("A server that allows a number of streams once and for all runs short before the last one") {
  StreamCredit credit;
  CHECK(!credit.is_short(1024, 0));
  CHECK(!credit.is_short(1000, 24));
  CHECK(!credit.is_short(129, 0));
  CHECK(credit.is_short(120, 8));
}

TEST_CASE("A server that allows a further stream for each that has ended never runs short") {
  StreamCredit credit;
  CHECK(!credit.is_short(100, 0));
  CHECK(!credit.is_short(0, 100));
  CHECK(!credit.is_short(60, 40));
}

TEST_CASE("The first allowance counts the streams that are open when it is seen first") {
  StreamCredit credit;
  CHECK(!credit.is_short(8, 92));
  CHECK(credit.is_short(8, 4));
}

}  // namespace tacet
