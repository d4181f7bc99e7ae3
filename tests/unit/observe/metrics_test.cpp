#include "observe/metrics.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <numeric>

using namespace tacet;
using namespace std::chrono_literals;

TEST_CASE("A time falls into the first bucket whose bound it does not exceed") {
  Histogram histogram;
  histogram.observe(0ns);
  histogram.observe(100us);  // the bound itself
  histogram.observe(101us);
  histogram.observe(5s);
  histogram.observe(6s);
  CHECK(histogram.buckets()[0] == 1);
  CHECK(histogram.buckets()[3] == 1);
  CHECK(histogram.buckets()[4] == 1);
  CHECK(histogram.buckets()[17] == 1);
  CHECK(histogram.buckets()[18] == 1);
  CHECK(histogram.count() == 5);
  CHECK(histogram.sum_seconds() == doctest::Approx(11.000201));
}

TEST_CASE("A histogram's percentile is the bound of the bucket that holds it") {
  Histogram histogram;
  CHECK(histogram.percentile(0.5) == 0);
  for (int i = 0; i < 99; ++i) histogram.observe(3ms);
  histogram.observe(400ms);
  CHECK(histogram.percentile(0.5) == 0.005);
  CHECK(histogram.percentile(0.99) == 0.005);
  CHECK(histogram.percentile(1.0) == 0.5);
  histogram.observe(1h);
  CHECK(histogram.percentile(1.0) == 5.0);
}

TEST_CASE("Many things of one time count as many") {
  Histogram histogram;
  histogram.observe(20us, 64);
  histogram.observe(20us, 0);
  CHECK(histogram.buckets()[1] == 64);
  CHECK(histogram.count() == 64);
  CHECK(histogram.sum_seconds() == doctest::Approx(0.00128));
}

TEST_CASE("Merging histograms adds everything") {
  Histogram a, b;
  a.observe(3ms);
  b.observe(3ms);
  b.observe(1min);
  a.add(b);
  CHECK(a.count() == 3);
  CHECK(a.buckets()[8] == 2);
  CHECK(a.buckets()[18] == 1);
  CHECK(a.sum_seconds() == doctest::Approx(60.006));
}

TEST_CASE("Merging metrics forgets no field") {
  // Every word is an unsigned counter or a histogram's sum, and so small a sum adds up like one, bit by bit.
  using Words = std::array<std::uint64_t, sizeof(Metrics) / sizeof(std::uint64_t)>;
  static_assert(sizeof(Words) == sizeof(Metrics));
  static_assert(std::is_trivially_copyable_v<Metrics>);
  Words words{};
  std::iota(words.begin(), words.end(), 1U);
  Metrics one;
  std::memcpy(static_cast<void*>(&one), words.data(), sizeof words);
  Metrics sum = one;
  sum.add(one);
  sum.add(one);
  Words summed;
  std::memcpy(summed.data(), &sum, sizeof summed);
  for (std::size_t i = 0; i < words.size(); ++i) CHECK(summed[i] == 3 * words[i]);
}
