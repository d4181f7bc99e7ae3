#include <doctest/doctest.h>

#include <algorithm>

#include "support/manual_clock.hpp"
#include "transport/dial/connector.hpp"

using namespace std::chrono_literals;
using namespace tacet;

namespace {

using Order = std::vector<std::size_t>;

std::vector<DialTarget> two_of_each() {
  return {{"192.0.2.1", 853}, {"192.0.2.2", 853}, {"2001:db8::1", 853}, {"2001:db8::2", 853}};
}

/// Where the book's addresses stand in `listed`, in the order to try.
Order order_of(const AddressBook& book, Instant now, const std::vector<DialTarget>& listed = two_of_each()) {
  Order order;
  for (const DialTarget& address : book.order(now))
    order.push_back(static_cast<std::size_t>(std::ranges::find(listed, address) - listed.begin()));
  return order;
}

const DialTarget v4_a = two_of_each()[0], v4_b = two_of_each()[1], v6_a = two_of_each()[2], v6_b = two_of_each()[3];

}  // namespace

TEST_CASE("families alternate, IPv6 first, also just after boot") {
  const AddressBook book(two_of_each());
  CHECK(order_of(book, ManualClock().now()) == Order{2, 0, 3, 1});
  CHECK(order_of(book, Instant{}) == Order{2, 0, 3, 1});
}

TEST_CASE("the winner comes first, then the other family") {
  const ManualClock clock;
  AddressBook book(two_of_each());
  book.won(v4_b, 20ms);
  CHECK(order_of(book, clock.now()) == Order{1, 2, 0, 3});
  book.won(v6_b, 20ms);
  CHECK(order_of(book, clock.now()) == Order{3, 0, 2, 1});
}

TEST_CASE("a family that lost comes last for ten minutes") {
  ManualClock clock;
  AddressBook book(two_of_each());
  book.won(v4_a, 20ms);
  book.failed(v6_a, clock.now());
  CHECK(order_of(book, clock.now()) == Order{0, 1, 2, 3});
  clock.advance(599s);
  CHECK(order_of(book, clock.now()) == Order{0, 1, 2, 3});
  clock.advance(1s);
  CHECK(order_of(book, clock.now()) == Order{0, 2, 1, 3});
}

TEST_CASE("a family that wins is redeemed, and a winner that fails is none any more") {
  const ManualClock clock;
  AddressBook book(two_of_each());
  book.failed(v6_a, clock.now());
  CHECK(order_of(book, clock.now()) == Order{0, 1, 2, 3});
  book.won(v6_b, 20ms);
  CHECK(order_of(book, clock.now()) == Order{3, 0, 2, 1});
  book.failed(v6_b, clock.now());
  CHECK(order_of(book, clock.now()) == Order{0, 1, 2, 3});
}

TEST_CASE("a network change forgets everything") {
  const ManualClock clock;
  AddressBook book(two_of_each());
  book.won(v4_b, 20ms);
  book.failed(v6_a, clock.now());
  book.forget();
  CHECK(order_of(book, clock.now()) == Order{2, 0, 3, 1});
}

TEST_CASE("new addresses keep what was learned of those that stay") {
  const ManualClock clock;
  AddressBook book(two_of_each());
  book.won(v4_b, 20ms);
  book.failed(v6_a, clock.now());
  const std::vector<DialTarget> next{v6_a, {"192.0.2.9", 853}, v4_b};
  book.replace(next);
  CHECK(book.size() == 3);
  CHECK(order_of(book, clock.now(), next) == Order{2, 1, 0});
  const std::vector<DialTarget> others{{"2001:db8::7", 853}, {"192.0.2.9", 853}};
  book.replace(others);
  CHECK(order_of(book, clock.now(), others) == Order{0, 1});
}

TEST_CASE("what is told of an address that is in the book no more changes nothing of the others") {
  const ManualClock clock;
  AddressBook book(two_of_each());
  book.replace({v4_a, v6_a});
  book.won(v4_b, 20ms);
  book.failed(v6_b, clock.now());
  CHECK(order_of(book, clock.now()) == Order{2, 0});
  CHECK(book.connect_time() == 20ms);
}

TEST_CASE(
    "an address whose greeting failed comes last, and the latest failure behind the others, until it is greeted") {
  const ManualClock clock;
  AddressBook book(two_of_each());
  book.won(v6_a, 20ms);
  book.greeting_failed(v6_a, clock.now());
  CHECK(order_of(book, clock.now()) == Order{0, 3, 1, 2});
  book.greeting_failed(v4_a, clock.now() + 1s);
  CHECK(order_of(book, clock.now() + 1s) == Order{3, 1, 2, 0});
  CHECK(order_of(book, clock.now() + 20min) == Order{2, 0, 3, 1});
  book.greeted(v4_a);
  book.greeted(v6_a);
  CHECK(order_of(book, clock.now() + 1s) == Order{2, 0, 3, 1});
}

TEST_CASE("an address that is expected to win comes first, but a change of the network forgets that") {
  const ManualClock clock;
  AddressBook book(two_of_each());
  book.expect(v4_b);
  CHECK(order_of(book, clock.now()) == Order{1, 2, 0, 3});
  book.expect({"192.0.2.99", 853});
  CHECK(order_of(book, clock.now()) == Order{1, 2, 0, 3});
  book.forget();
  CHECK(order_of(book, clock.now()) == Order{2, 0, 3, 1});
}
