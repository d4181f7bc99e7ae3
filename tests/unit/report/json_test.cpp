#include "report/json.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

using namespace tacet;

TEST_CASE("JSON is written as its kind of value asks for") {
  CHECK(Json(nullptr).dump() == "null");
  CHECK(Json(true).dump() == "true");
  CHECK(Json(std::uint64_t{18446744073709551615U}).dump() == "18446744073709551615");
  CHECK(Json(-1).dump() == "-1");
  CHECK(Json(0.25).dump() == "0.25");
  CHECK(Json(std::numeric_limits<double>::quiet_NaN()).dump() == "null");
  CHECK(Json(std::numeric_limits<double>::infinity()).dump() == "null");
  CHECK(Json("a").dump() == "\"a\"");
  CHECK(Json::array().dump() == "[]");
  CHECK(Json::object().dump() == "{}");
  CHECK(Json(std::vector<std::string>{"a", "b"}).dump() == R"(["a","b"])");
  CHECK(Json(std::vector<std::string>{}).dump() == "[]");
}

TEST_CASE("JSON objects and arrays keep their order, within one another too") {
  Json list = Json::array();
  list.push_back(1);
  list.push_back({{"x", nullptr}});
  Json object{{"b", list}, {"a", Json::object()}};
  object.add("c", "d");
  CHECK(object.dump() == R"({"b":[1,{"x":null}],"a":{},"c":"d"})");
}

TEST_CASE("JSON is parsed as what it was made of, whatever octets a peer sent") {
  for (unsigned a = 0; a < 256; ++a)
    for (unsigned b = 0; b < 256; ++b) {
      const std::string text{static_cast<char>(a), static_cast<char>(b), 'x'};
      const auto parsed = nlohmann::json::parse(Json{{text, text}}.dump());
      // The other library's own view of the same octets.
      const auto expected =
          nlohmann::json::parse(nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
      if (a < 0x80 && b < 0x80) CHECK(parsed.begin().value() == expected);
      CHECK(parsed.begin().value().get<std::string>().ends_with('x'));
    }
}

TEST_CASE("UTF-8 goes through JSON unchanged, and what only looks like it is replaced") {
  for (const char* text : {"é", "€", "𝄞", "\x7F"}) CHECK(nlohmann::json::parse(Json(text).dump()) == text);
  for (const char* text : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\xFF"}) {
    const auto parsed = nlohmann::json::parse(Json(text).dump()).get<std::string>();
    CHECK(parsed.starts_with("\xEF\xBF\xBD"));
  }
}
