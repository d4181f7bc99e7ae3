#include "doctor/canaries.hpp"

#include <doctest/doctest.h>

using namespace tacet;

namespace {

WallTime at(std::chrono::sys_days day) { return day; }

}  // namespace

TEST_CASE("The built-in canaries are ten names of five top-level domains, and have an end") {
  const auto& canaries = built_in_canaries();
  CHECK(canaries.signed_names.size() == 10);
  std::vector<Name> tops;
  for (const auto& name : canaries.signed_names) {
    CHECK(name.label_count() == 2);
    if (std::find(tops.begin(), tops.end(), name.parent()) == tops.end()) tops.push_back(name.parent());
  }
  CHECK(tops.size() >= 5);
  CHECK(canaries.resolvers.size() >= 2);
  using namespace std::chrono;
  CHECK_FALSE(expired(canaries, at(2027y / December / 1)));
  CHECK(expired(canaries, at(2027y / December / 2)));
}

TEST_CASE("A file of canaries replaces what it names and keeps the rest") {
  const auto read = read_canaries("expires: 2030-01-01\nresolvers: {\"192.0.2.1\": Ours}\n");
  REQUIRE(read);
  CHECK(read->expires == "2030-01-01");
  REQUIRE(read->resolvers.size() == 1);
  CHECK(read->resolvers[0].address.address == IpAddress("192.0.2.1"));
  CHECK(read->signed_names == built_in_canaries().signed_names);
}

TEST_CASE("A wrong file of canaries is refused with its line") {
  for (const char* const wrong :
       {"expires: soon", "signed: []", "signed: [.]", "nonservers: [nobody]", "resolvers: 1.1.1.1", "colour: red",
        "- a list", "expires: 2027-13-01", "portal: {url: \"http://portal.example/\"}",
        "portal: {url: \"https://portal.example/\", text: x}", "resolvers: {}"}) {
    const auto read = read_canaries(wrong);
    REQUIRE_FALSE(read);
    CHECK(read.error().fault == Fault::invalid_config);
    CHECK(read.error().detail.starts_with("line 1: "));
  }
}
