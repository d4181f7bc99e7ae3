#include "base/handover.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <thread>

using namespace std::chrono_literals;
using namespace tacet;

TEST_CASE("what one thread gives, the one that waits gets") {
  Handover<std::unique_ptr<int>> handover;
  std::thread other([giver = handover.giver()]() mutable { giver.give(std::make_unique<int>(7)); });
  const auto got = handover.take();
  other.join();
  REQUIRE(got.has_value());
  CHECK(**got == 7);
}

TEST_CASE("a giver that ends without giving ends the wait, with nothing") {
  Handover<int> handover;
  std::thread other([giver = handover.giver()] {});
  CHECK(!handover.take());
  other.join();
}

TEST_CASE("who has waited in vain for some time can wait again") {
  Handover<int> handover;
  auto giver = handover.giver();
  CHECK(!handover.over_within(0ms));
  giver.give(7);
  CHECK(handover.over_within(0ms));
  CHECK(handover.over_within(0ms));
  CHECK(handover.take() == 7);
}

TEST_CASE("a giver may give when nobody waits any more") {
  auto handover = std::make_unique<Handover<int>>();
  auto giver = handover->giver();
  handover.reset();
  giver.give(7);
}

TEST_CASE("a value that cannot be handed over is none, and the wait ends with the giver") {
  struct Unmovable {
    Unmovable() = default;
    Unmovable(const Unmovable&) { throw std::runtime_error("cannot be moved"); }
  };
  Handover<Unmovable> handover;
  {
    auto giver = handover.giver();
    CHECK_THROWS(giver.give(Unmovable()));
    CHECK(!handover.over_within(0ms));
  }
  CHECK(!handover.take().has_value());
}
