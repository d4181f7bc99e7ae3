#include "config/spelling.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace tacet;

namespace {
constexpr std::array<std::string_view, 4> words{"size", "min_ttl", "max_ttl", "max_negative_ttl"};
}

TEST_CASE("the nearest key is suggested for a slip of the fingers") {
  CHECK(nearest("sise", words) == "size");
  CHECK(nearest("siz", words) == "size");
  CHECK(nearest("max-ttl", words) == "max_ttl");
  CHECK(nearest("mx_ttl", words) == "max_ttl");
  CHECK(nearest("max_negativ_tll", words) == "max_negative_ttl");
}

TEST_CASE("nothing is suggested for a word that is none of ours") {
  CHECK_FALSE(nearest("frobnicate", words));
  CHECK_FALSE(nearest("", words));
  CHECK_FALSE(nearest("ttl", words));
  CHECK_FALSE(nearest(std::string(1 << 20, 'x'), words));
}
