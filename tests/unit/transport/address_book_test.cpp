#include <doctest/doctest.h>

#include "support/manual_clock.hpp"
#include "transport/connector.hpp"

using namespace std::chrono_literals;
using namespace tacet;

namespace {

using Order = std::vector<std::size_t>;

std::vector<SocketAddress> two_of_each() {
  return {{"192.0.2.1", 853}, {"192.0.2.2", 853}, {"2001:db8::1", 853}, {"2001:db8::2", 853}};
}

}  // namespace

TEST_CASE("families alternate, IPv6 first, also just after boot") {
  const AddressBook book(two_of_each());
  CHECK(book.order(ManualClock().now()) == Order{2, 0, 3, 1});
  CHECK(book.order(Instant{}) == Order{2, 0, 3, 1});
}

TEST_CASE("the winner comes first, then the other family") {
  const ManualClock clock;
  AddressBook book(two_of_each());
  book.won(1, 20ms);
  CHECK(book.order(clock.now()) == Order{1, 2, 0, 3});
  book.won(3, 20ms);
  CHECK(book.order(clock.now()) == Order{3, 0, 2, 1});
}

TEST_CASE("a family that lost comes last for ten minutes") {
  ManualClock clock;
  AddressBook book(two_of_each());
  book.won(0, 20ms);
  book.failed(2, clock.now());
  CHECK(book.order(clock.now()) == Order{0, 1, 2, 3});
  clock.advance(599s);
  CHECK(book.order(clock.now()) == Order{0, 1, 2, 3});
  clock.advance(1s);
  CHECK(book.order(clock.now()) == Order{0, 2, 1, 3});
}

TEST_CASE("a family that wins is redeemed, and a winner that fails is none any more") {
  const ManualClock clock;
  AddressBook book(two_of_each());
  book.failed(2, clock.now());
  CHECK(book.order(clock.now()) == Order{0, 1, 2, 3});
  book.won(3, 20ms);
  CHECK(book.order(clock.now()) == Order{3, 0, 2, 1});
  book.failed(3, clock.now());
  CHECK(book.order(clock.now()) == Order{0, 1, 2, 3});
}

TEST_CASE("a network change forgets everything") {
  const ManualClock clock;
  AddressBook book(two_of_each());
  book.won(1, 20ms);
  book.failed(2, clock.now());
  book.forget();
  CHECK(book.order(clock.now()) == Order{2, 0, 3, 1});
}

TEST_CASE("new addresses keep what was learned of those that stay") {
  const ManualClock clock;
  AddressBook book(two_of_each());
  book.won(1, 20ms);
  book.failed(2, clock.now());
  book.replace({{"2001:db8::1", 853}, {"192.0.2.9", 853}, {"192.0.2.2", 853}});
  CHECK(book.size() == 3);
  CHECK(book.order(clock.now()) == Order{2, 1, 0});
  book.replace({{"2001:db8::7", 853}, {"192.0.2.9", 853}});
  CHECK(book.order(clock.now()) == Order{0, 1});
}
