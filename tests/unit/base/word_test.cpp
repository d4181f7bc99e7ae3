#include "base/word.hpp"

#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <set>
#include <vector>

using namespace tacet;

TEST_CASE("A word that is cut short is filled with zeros") {
  const std::array<std::uint8_t, 9> octets{1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::array<std::uint8_t, 8> seen;
  store_word(seen.data(), load_word(Bytes(octets)));
  CHECK(seen == std::array<std::uint8_t, 8>{1, 2, 3, 4, 5, 6, 7, 8});
  store_word(seen.data(), load_word(Bytes(octets).first(3)));
  CHECK(seen == std::array<std::uint8_t, 8>{1, 2, 3});
  CHECK(load_word(Bytes{}) == 0);
}

TEST_CASE("Mixing joins both halves of the product") {
  CHECK(mix(3, 5) == 15);
  CHECK(mix(1ULL << 63, 2) == 1);
  CHECK(mix((1ULL << 63) + 1, 2) == 3);
}

TEST_CASE("A hash tells octets apart by their length and by each bit") {
  std::set<std::uint64_t> hashes;
  std::size_t count = 0;
  for (std::size_t size = 0; size <= 20; ++size) {
    std::vector<std::uint8_t> octets(size);
    hashes.insert(hash_of(octets));
    ++count;
    for (std::size_t bit = 0; bit < size * 8; ++bit, ++count) {
      octets[bit / 8] = static_cast<std::uint8_t>(1U << bit % 8);
      hashes.insert(hash_of(octets));
      octets[bit / 8] = 0;
    }
  }
  CHECK(hashes.size() == count);
}

TEST_CASE("Numbers near each other fall into all rows of a table, by low bits of their hash and by high ones") {
  std::set<std::uint64_t> low, high;
  for (std::uint64_t number = 0; number < 4096; ++number) {
    std::array<std::uint8_t, 8> octets;
    store_word(octets.data(), number);
    low.insert(hash_of(octets) % 256);
    high.insert(hash_of(octets) >> 56U);
  }
  CHECK(low.size() == 256);
  CHECK(high.size() == 256);
}

TEST_CASE("A projected hash is that of the projected octets") {
  for (const char* text : {"", "A", "aBcDeFgH", "WWW.Example.COM"}) {
    std::vector<std::uint8_t> octets, lower;
    for (const char* at = text; *at != 0; ++at) {
      octets.push_back(static_cast<std::uint8_t>(*at));
      lower.push_back(fold(octets.back()));
    }
    CAPTURE(text);
    CHECK(hash_of(octets, fold_word) == hash_of(lower));
    CHECK((hash_of(octets) == hash_of(lower)) == (octets == lower));
  }
}
