#include "report/counter_table.hpp"

#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <set>
#include <string>

namespace tacet {
namespace {

/// How many of the counters show another number for this snapshot than for an empty one.
std::size_t shown_in(const Snapshot& snapshot) {
  std::size_t count = 0;
  for (const Counter& counter : counters()) count += counter.read(snapshot) != counter.read({}) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("every event that a worker counts is in the table once, but for the response codes") {
  constexpr std::size_t words = sizeof(EventCounts) / sizeof(std::uint64_t);
  std::size_t in_table = 0;
  for (std::size_t word = 0; word < words; ++word) {
    std::array<std::uint64_t, words> one{};
    one[word] = 1;
    Snapshot snapshot;
    static_cast<EventCounts&>(snapshot.metrics) = std::bit_cast<EventCounts>(one);
    const std::size_t shown = shown_in(snapshot);
    CHECK(shown <= 1);
    in_table += shown;
  }
  CHECK(in_table == words - std::size(EventCounts{}.rcodes));
}

TEST_CASE("no two counters have one place in the JSON, or one name and label for Prometheus") {
  std::set<std::pair<std::string_view, std::string_view>> places;
  std::set<std::pair<std::string_view, std::string_view>> samples;
  for (const Counter& counter : counters()) {
    CAPTURE(std::string(counter.family));
    CHECK(places.emplace(counter.section, counter.key).second);
    CHECK(samples.emplace(counter.family, counter.label.second).second);
  }
}

TEST_CASE("the first row of a family, and no other, explains it; the rows of a family stand together") {
  std::set<std::string_view> explained;
  std::string_view former;
  for (const Counter& counter : counters()) {
    CAPTURE(std::string(counter.family));
    CHECK(counter.help.empty() == (counter.family == former));
    if (!counter.help.empty()) CHECK(explained.insert(counter.family).second);
    former = counter.family;
  }
}

}  // namespace tacet
