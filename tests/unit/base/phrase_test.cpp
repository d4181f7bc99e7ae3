#include "base/phrase.hpp"

#include <doctest/doctest.h>

namespace tacet {

TEST_CASE("a list of phrases is read aloud") {
  CHECK(list_of({}).empty());
  CHECK(list_of({"a"}) == "a");
  CHECK(list_of({"a", "b"}) == "a and b");
  CHECK(list_of({"a", "b", "c"}) == "a, b and c");
}

TEST_CASE("a phrase is said once, where it came first") {
  Phrases phrases;
  for (const char* phrase : {"b", "a", "b"}) add_once(phrases, phrase);
  CHECK(phrases == Phrases{"b", "a"});
}

TEST_CASE("octets are told in KiB, and in MiB from one on") {
  CHECK(octets_words(512) == "0.5 KiB");
  CHECK(octets_words(32U << 20) == "32.0 MiB");
}

}  // namespace tacet
