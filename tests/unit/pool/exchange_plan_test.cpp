#include "pool/exchange_plan.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace tacet;
using namespace std::chrono_literals;

namespace {

using enum ExchangePlan::Event;
using Action = ExchangePlan::Action;
using Event = ExchangePlan::Event;
using Step = ExchangePlan::Step;

constexpr Instant origin{1h};
constexpr Duration never = 24h;

Step wait(Duration until) { return {Action::wait, 0, origin + until}; }
Step server(std::uint32_t place) { return {Action::next_server, place}; }
const Step look{Action::look}, other_channel{Action::other_channel}, hedge{Action::hedge}, finish{Action::finish};

/// What happens at a time after the start, and what is to be done then.
struct Row {
  Duration at;
  Event event;
  Step step;
};

/// Two warm servers of one operator, unless it says otherwise; no hedge is due within the query's time.
struct Case {
  std::string name;
  std::uint32_t servers = 2;
  bool warm = true, same_operator = true;
  Duration hedge_delay = never;
  Duration usual{};
  std::vector<Row> rows;
};

void check(const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    ExchangePlan plan({.begun = origin,
                       .deadline = origin + 4500ms,
                       .servers = each.servers,
                       .warm = each.warm,
                       .same_operator = each.same_operator,
                       .hedge_delay = each.hedge_delay,
                       .usual = each.usual});
    for (std::size_t i = 0; i < each.rows.size(); ++i) {
      const Step step = plan.next(each.rows[i].event, origin + each.rows[i].at);
      const Step& wanted = each.rows[i].step;
      INFO(each.name << ", row " << i << ": until " << (step.until - origin) / 1ms << " ms");
      CHECK(static_cast<int>(step.action) == static_cast<int>(wanted.action));
      CHECK(step == wanted);
    }
  }
}

}  // namespace

TEST_CASE("An answer ends a query at any moment, whatever else is due") {
  for (const Duration at : {0ms, 20ms, 900ms, 4500ms, 9000ms})
    check({{.name = "answered", .hedge_delay = 10ms, .rows = {{at, answered, finish}}}});
}

TEST_CASE("How long a silent server is waited for") {
  check({
      {.name = "warm, alone", .servers = 1, .same_operator = false, .rows = {{0ms, woken, wait(900ms)}}},
      {.name = "warm, before another operator", .same_operator = false, .rows = {{0ms, woken, wait(900ms)}}},
      {.name = "warm, before its operator's next", .rows = {{0ms, woken, wait(500ms)}}},
      {.name = "yet to be connected", .warm = false, .rows = {{0ms, woken, wait(600ms)}}},
  });
}

TEST_CASE("Over a slow link a server is waited for as long as it needs, but two seconds at most") {
  check({
      {.name = "a satellite, warm", .usual = 650ms, .rows = {{0ms, woken, wait(975ms)}}},
      {.name = "alone", .servers = 1, .same_operator = false, .usual = 650ms, .rows = {{0ms, woken, wait(1300ms)}}},
      {.name = "heard of",
       .usual = 700ms,
       .rows = {{0ms, woken, wait(1050ms)}, {1050ms, woken, look}, {1050ms, heard, wait(1400ms)}}},
      {.name = "to be connected", .warm = false, .usual = 500ms, .rows = {{0ms, woken, wait(1500ms)}}},
      {.name = "a full queue", .usual = 1500ms, .rows = {{0ms, woken, wait(2s)}}},
      {.name = "the next one",
       .usual = 1s,
       .rows = {{0ms, woken, wait(1500ms)},
                {1500ms, woken, look},
                {1500ms, silent, server(1)},
                {1500ms, asked, wait(3500ms)}}},
  });
}

TEST_CASE(
    "A server that is not heard of for half a second is left for its operator's next, one that is heard of is not") {
  check({
      {.name = "silent",
       .rows =
           {{0ms, woken, wait(500ms)}, {500ms, woken, look}, {500ms, silent, server(1)}, {500ms, asked, wait(1100ms)}}},
      {.name = "heard",
       .rows = {{0ms, woken, wait(500ms)},
                {500ms, woken, look},
                {500ms, heard, wait(900ms)},
                {900ms, woken, server(1)},
                {900ms, asked, wait(1500ms)}}},
  });
}

TEST_CASE("When all attempts have failed the next server is asked at once, and after the last one the query is over") {
  check({
      {.name = "three servers",
       .servers = 3,
       .rows = {{5ms, all_failed, server(1)},
                {5ms, asked, wait(605ms)},
                {10ms, all_failed, server(2)},
                {10ms, asked, wait(610ms)},
                {30ms, all_failed, finish}}},
      {.name = "one server", .servers = 1, .same_operator = false, .rows = {{0ms, all_failed, finish}}},
      {.name = "at the deadline nothing more is begun", .rows = {{4500ms, all_failed, finish}}},
  });
}

TEST_CASE("Each server has its turn once, then the last one's other channel, and then the deadline is waited for") {
  check({
      {.name = "another channel",
       .same_operator = false,
       .rows = {{900ms, woken, server(1)},
                {900ms, asked, wait(1500ms)},
                {1500ms, woken, other_channel},
                {1500ms, asked, wait(2100ms)},
                {2100ms, woken, wait(4500ms)},
                {4500ms, woken, finish}}},
      {.name = "no other channel",
       .same_operator = false,
       .rows = {{900ms, woken, server(1)},
                {900ms, asked, wait(1500ms)},
                {1500ms, woken, other_channel},
                {1500ms, nobody_left, wait(4500ms)},
                {2000ms, woken, wait(4500ms)}}},
      {.name = "all fail while nobody is left",
       .servers = 1,
       .same_operator = false,
       .rows = {{900ms, woken, other_channel}, {900ms, asked, wait(1500ms)}, {1000ms, all_failed, finish}}},
  });
}

TEST_CASE("One of several attempts that fails changes no time") {
  check({{.name = "one fails",
          .same_operator = false,
          .rows = {{900ms, woken, server(1)}, {900ms, asked, wait(1500ms)}, {1000ms, woken, wait(1500ms)}}}});
}

TEST_CASE("After a failure the silence of the first server is looked at no sooner than the next one's time is up") {
  check({{.name = "failed, then silent",
          .servers = 3,
          .rows = {{5ms, all_failed, server(1)},
                   {5ms, asked, wait(605ms)},
                   {605ms, woken, look},
                   {605ms, silent, server(2)}}},
         {.name = "failed, then heard",
          .servers = 3,
          .rows = {{400ms, all_failed, server(1)},
                   {400ms, asked, wait(1000ms)},
                   {1000ms, woken, look},
                   {1000ms, heard, wait(900ms)},  // which is past
                   {1000ms, woken, server(2)}}}});
}

TEST_CASE("A second copy is thought of when the query is late, again at growing intervals, and twice at the most") {
  check({
      {.name = "sent twice",
       .hedge_delay = 20ms,
       .rows = {{0ms, woken, wait(20ms)},
                {20ms, woken, hedge},
                {20ms, copied, wait(40ms)},
                {40ms, woken, hedge},
                {40ms, copied, wait(500ms)}}},
      {.name = "not lost so far",
       .hedge_delay = 20ms,
       .rows = {{20ms, woken, hedge},
                {20ms, not_copied, wait(60ms)},
                {60ms, woken, hedge},
                {60ms, not_copied, wait(140ms)},
                {140ms, woken, hedge},
                {140ms, copied, wait(220ms)},
                {220ms, woken, hedge},
                {220ms, not_copied, wait(300ms)},  // not longer once there is a copy
                {300ms, woken, hedge},
                {300ms, copied, wait(500ms)}}},
      {.name = "settled", .hedge_delay = 20ms, .rows = {{20ms, woken, hedge}, {20ms, settled, wait(500ms)}}},
      {.name = "settled after a copy",
       .hedge_delay = 20ms,
       .rows = {{20ms, woken, hedge}, {20ms, copied, wait(40ms)}, {40ms, woken, hedge}, {40ms, settled, wait(500ms)}}},
  });
}

TEST_CASE("Where another server and a second copy are due at once, the server comes first") {
  check({{.name = "both due",
          .same_operator = false,
          .hedge_delay = 900ms,
          .rows = {{900ms, woken, server(1)}, {900ms, asked, wait(900ms)}, {900ms, woken, hedge}}}});
}
