#include "base/handover.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <thread>

using namespace std::chrono_literals;
using namespace tacet;

TEST_CASE("what one thread gives, the one that waits gets") {
  Handover<std::unique_ptr<int>> handover;
  std::thread other([sender = handover.sender()]() mutable { sender.send(std::make_unique<int>(7)); });
  const auto got = handover.take();
  other.join();
  REQUIRE(got.has_value());
  CHECK(**got == 7);
}

TEST_CASE("a sender that ends without giving ends the wait, with nothing") {
  Handover<int> handover;
  std::thread other([sender = handover.sender()] {});
  CHECK(!handover.take());
  other.join();
}

TEST_CASE("who has waited in vain for some time can wait again") {
  Handover<int> handover;
  auto sender = handover.sender();
  CHECK(!handover.finished_within(0ms));
  sender.send(7);
  CHECK(handover.finished_within(0ms));
  CHECK(handover.finished_within(0ms));
  CHECK(handover.take() == 7);
}

TEST_CASE("a sender may send when nobody waits any more") {
  auto handover = std::make_unique<Handover<int>>();
  auto sender = handover->sender();
  handover.reset();
  sender.send(7);
}

TEST_CASE("a value that cannot be handed over is none, and the wait ends with the sender") {
  struct Unmovable {
    Unmovable() = default;
    Unmovable(const Unmovable&) { throw std::runtime_error("cannot be moved"); }
  };
  Handover<Unmovable> handover;
  {
    auto sender = handover.sender();
    CHECK_THROWS(sender.send(Unmovable()));
    CHECK(!handover.finished_within(0ms));
  }
  CHECK(!handover.take().has_value());
}
