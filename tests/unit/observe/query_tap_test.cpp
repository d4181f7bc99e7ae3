#include "observe/query_tap.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace tacet;

namespace {

bool put(QueryTap& tap, std::uint16_t type) {
  return tap.put([type](LoggedQuery& query) { query.type = static_cast<Type>(type); });
}

std::vector<std::uint16_t> take(QueryTap& tap, std::size_t most) {
  std::vector<std::uint16_t> types;
  tap.take(most, [&](const LoggedQuery& query) { types.push_back(static_cast<std::uint16_t>(query.type)); });
  return types;
}

}  // namespace

TEST_CASE("What was put is taken in order, and what finds no room is counted") {
  QueryTap tap([] {}, 4);
  for (std::uint16_t i = 1; i <= 6; ++i) CHECK(put(tap, i) == (i <= 4));
  CHECK(tap.dropped() == 2);
  CHECK(take(tap, 3) == std::vector<std::uint16_t>{1, 2, 3});
  CHECK(put(tap, 7));
  CHECK(take(tap, 9) == std::vector<std::uint16_t>{4, 7});
  CHECK(take(tap, 9).empty());
}

TEST_CASE("A taker that sleeps is woken once, and does not sleep while something waits") {
  int woken = 0;
  QueryTap tap([&woken] { ++woken; }, 4);
  put(tap, 1);
  CHECK(woken == 0);
  CHECK(!tap.sleep());
  take(tap, 9);
  CHECK(tap.sleep());
  put(tap, 2);
  put(tap, 3);
  CHECK(woken == 1);
}

TEST_CASE("Between two threads nothing is lost but what was counted, and nothing comes twice") {
  constexpr std::uint32_t all = 200000;
  QueryTap tap([] {}, 64);
  std::uint32_t put_in = 0;
  std::thread putting([&] {
    for (std::uint32_t i = 0; i < all; ++i)
      put_in += tap.put([i](LoggedQuery& query) { query.taken = Duration(i); }) ? 1 : 0;
  });
  std::uint32_t taken = 0;
  Duration last{-1};
  bool in_order = true;
  const auto take_all = [&] {
    tap.take(1000, [&](const LoggedQuery& query) {
      in_order = in_order && query.taken > last;
      last = query.taken;
      ++taken;
    });
  };
  while (taken + tap.dropped() < all) take_all();
  putting.join();
  take_all();
  CHECK(in_order);
  CHECK(taken == put_in);
  CHECK(taken + tap.dropped() == all);
}

TEST_CASE("A client's address is kept as it came, and never more of it than there is room for") {
  const std::vector<std::uint8_t> octets(200, 7);
  CHECK(ClientAddress(ClientView{}).address_size == 0);
  const ClientAddress client(ClientView{octets, ClientTransport::tcp});
  CHECK(client.address_size == client.address.size());
  CHECK(client.transport == ClientTransport::tcp);
}
