#include "transport/quic/stream_window.hpp"

#include <doctest/doctest.h>

namespace tacet {
namespace {

constexpr Instant begin{};

}  // namespace

TEST_CASE("A stream beyond the narrow window waits until the oldest one is late") {
  const StreamWindow window;
  const StreamWindow::Oldest first{0, begin};
  CHECK(window.may_open(7, first, {}) <= begin);
  CHECK(window.may_open(8, first, std::chrono::milliseconds(90)) == begin + StreamWindow::least_wait);
  CHECK(window.may_open(8, first, std::chrono::milliseconds(300)) == begin + std::chrono::milliseconds(300));
  CHECK(window.may_open(8, StreamWindow::Oldest{1, begin}, {}) <= begin);
  CHECK(window.may_open(8, std::nullopt, {}) <= begin);
}

TEST_CASE("A server that answers streams far beyond an open one has a wide window") {
  StreamWindow window;
  const StreamWindow::Oldest first{0, begin};
  window.answered(9, first);
  CHECK(window.may_open(8, first, {}) > begin);
  window.answered(16, first);
  CHECK(window.may_open(500, first, {}) <= begin);
  CHECK(window.may_open(1000, first, {}) == Instant::max());
}

}  // namespace tacet
