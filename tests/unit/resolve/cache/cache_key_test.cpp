#include "resolve/cache/cache_key.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "unit/pool/resolve_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

const HashSeed seed{1, 2};

CacheKey key_of(const std::vector<std::uint8_t>& wire) { return {seed, wire, index_message(wire).value()}; }

}  // namespace

TEST_CASE("A key made of a query equals one made of its question") {
  const auto wire = client_query(question("www.example.com", Type::aaaa));
  CHECK(key_of(wire) == CacheKey(seed, question("www.example.com", Type::aaaa), false, false));
}

TEST_CASE("Case does not tell keys apart, and the key's name is in lower case") {
  const CacheKey upper = key_of(client_query(question("WwW.eXAMPLE.Com")));
  const CacheKey lower = key_of(client_query(question("www.example.com")));
  CHECK(upper == lower);
  CHECK(upper.hash() == lower.hash());
  CHECK(Name::from_checked_wire(upper.name()).to_string() == "www.example.com.");
}

TEST_CASE("Octets beside the letters are not folded") {
  // '@' and '`', '[' and '{' differ in the same bit as capitals and small letters.
  CHECK(!(key_of(client_query(question("a@b.example"))) == key_of(client_query(question("a`b.example")))));
  CHECK(!(key_of(client_query(question("a[b.example"))) == key_of(client_query(question("a{b.example")))));
}

TEST_CASE("Every octet folds as it does alone, wherever it stands in a name") {
  for (int octet = 0; octet < 256; ++octet) {
    for (std::size_t place = 1; place <= 20; ++place) {
      std::vector<std::uint8_t> wire(22, 'M');
      wire.front() = 20;
      wire.back() = 0;
      wire[place] = static_cast<std::uint8_t>(octet);
      const CacheKey key(seed, {.name = Name::from_wire(wire).value()}, false, false);
      std::vector<std::uint8_t> folded(wire);
      for (auto& each : folded) each = fold(each);
      CHECK(std::ranges::equal(key.name(), folded));
    }
  }
}

TEST_CASE("Type, class, DO and CD each make another key, and nothing else of a query does") {
  const Question asked = question("example.com");
  Question chaos = asked;
  chaos.qclass = Class::ch;
  const CacheKey plain = key_of(client_query(asked));
  CHECK(!(plain == key_of(client_query(question("example.com", Type::aaaa)))));
  CHECK(!(plain == key_of(client_query(chaos))));
  CHECK(!(plain == key_of(with_opt(client_query(asked), true))));
  CHECK(!(plain == key_of(client_query(asked, 1, flag::rd | flag::cd))));
  CHECK(key_of(with_opt(client_query(asked), true)).dnssec_ok());
  CHECK(!key_of(with_opt(client_query(asked), true)).checking_disabled());
  CHECK(key_of(client_query(asked, 1, flag::cd)).checking_disabled());
  CHECK(plain == key_of(with_opt(client_query(asked))));
  CHECK(plain == key_of(client_query(asked, 77, flag::ad)));
}

TEST_CASE("The longest name fits a key, and neighbouring names hash apart") {
  const std::string label(63, 'x');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'y');
  const CacheKey key = key_of(client_query(question(longest)));
  CHECK(key.name().size() == 255);
  std::set<std::uint64_t> hashes;
  for (int i = 0; i < 20000; ++i) hashes.insert(key_of(client_query(question(std::to_string(i) + ".example"))).hash());
  CHECK(hashes.size() == 20000);
}

TEST_CASE("The bits that choose shard and slot are spread evenly") {
  std::array<int, 64> counts{};
  for (int i = 0; i < 64000; ++i)
    ++counts[key_of(client_query(question("h" + std::to_string(i) + ".example.net"))).hash() % counts.size()];
  for (const int count : counts) {
    CHECK(count > 800);
    CHECK(count < 1200);
  }
}

TEST_CASE("Another seed makes other hashes") {
  const CacheKey one(HashSeed{1, 2}, question("example.com"), false, false);
  const CacheKey other(HashSeed{1, 4}, question("example.com"), false, false);
  CHECK(one.hash() != other.hash());
  const HashSeed a = HashSeed::random(), b = HashSeed::random();
  CHECK(!(a.first == b.first && a.second == b.second));
}
