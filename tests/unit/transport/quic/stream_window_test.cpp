#include "transport/quic/stream_window.hpp"

#include <doctest/doctest.h>

namespace tacet {
namespace {

constexpr Instant begin{};

}  // namespace

TEST_CASE("A stream beyond the narrow window waits a little for the oldest one") {
  StreamWindow window;
  CHECK(window.may_open(7, StreamWindow::Oldest{0, begin}, begin) == begin);
  CHECK(window.may_open(8, StreamWindow::Oldest{0, begin}, begin) == begin + StreamWindow::longest_wait);
  CHECK(window.may_open(8, StreamWindow::Oldest{1, begin}, begin) == begin);
  CHECK(window.may_open(8, std::nullopt, begin) == begin);
}

TEST_CASE("A server that answers streams far beyond an open one has a wide window") {
  StreamWindow window;
  window.answered(9, {0, begin});
  CHECK(window.may_open(8, StreamWindow::Oldest{0, begin}, begin) > begin);
  window.answered(16, {0, begin});
  CHECK(window.may_open(500, StreamWindow::Oldest{0, begin}, begin) == begin);
  CHECK(window.may_open(1000, StreamWindow::Oldest{0, begin}, begin) == Instant::max());
}

}  // namespace tacet
