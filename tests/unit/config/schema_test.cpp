#include "config/schema.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "config/forms/patterns.hpp"
#include "config/keys.hpp"
#include "config/manual.hpp"

using namespace tacet;
using Json = nlohmann::ordered_json;

namespace {

/// The schema of a key such as "cache.size" or "upstreams[].url".
Json schema_of(std::string_view key) {
  static const Json schema = Json::parse(config_schema());
  constexpr std::string_view upstream = "upstreams[].";
  if (key.starts_with(upstream))
    return schema["$defs"]["upstream"]["properties"][std::string(key.substr(upstream.size()))];
  const auto dot = key.find('.');
  const Json& outer = schema["properties"][std::string(key.substr(0, dot))];
  return dot == std::string_view::npos ? outer : outer["properties"][std::string(key.substr(dot + 1))];
}

bool matches(const std::string& pattern, const std::string& text) {
  return std::regex_search(text, std::regex(pattern, std::regex::ECMAScript));
}

}  // namespace

TEST_CASE("The schema describes every key in the words of the manual, without marks of troff") {
  for (const auto& key : known_keys()) {
    CAPTURE(key);
    const Json schema = schema_of(key);
    REQUIRE(schema.is_object());
    const auto description = schema.value("description", "");
    CHECK(description.size() > 10);
    CHECK(description.find('\\') == std::string::npos);
    CHECK(description.find(" .") == std::string::npos);
  }
}

TEST_CASE("The schema says of every key what its value may be") {
  for (const auto& key : known_keys()) {
    CAPTURE(key);
    const Json schema = schema_of(key);
    CHECK((schema.contains("type") || schema.contains("enum") || schema.contains("anyOf") || schema.contains("$ref")));
  }
}

TEST_CASE("The schema says of the items of every list what they may be") {
  for (const auto& key : known_keys()) {
    CAPTURE(key);
    const Json schema = schema_of(key);
    if (schema.value("type", Json()) != "array") continue;
    const auto& items = schema["items"];
    CHECK((items.contains("$ref") || items.contains("properties") || items.contains("anyOf")));
  }
}

TEST_CASE("Every key outside of an upstream has its default in the schema") {
  for (const auto& key : config_keys()) {
    if (key.is_section()) continue;
    CAPTURE(key.name);
    CHECK(schema_of(key.name).contains("default"));
  }
  CHECK(schema_of("workers")["default"] == 1);
  CHECK(schema_of("confine")["default"] == true);
  CHECK(schema_of("cache.size")["default"] == "32MiB");
  CHECK(schema_of("listen")["default"] == Json{"127.0.0.1:53", "[::1]:53"});
  CHECK(schema_of("upstreams")["default"][1]["url"] == "tls://1.1.1.1");
}

TEST_CASE("An entry of the manual is one line of plain text") {
  const auto entries = manual_entries(
      ".SH SERVING\n.TP\n.B listen\nThe addresses, by UDP:\n.BR a \", \" b\n(\\(dqx\\(dq).\n.TP\n.B "
      "\\-\\-flag\nAnother.\n"
      ".SH NEXT\nNot of it.\n");
  CHECK(entries.at("listen") == "The addresses, by UDP: a, b (\"x\").");
  CHECK(entries.at("--flag") == "Another.");
}

TEST_CASE("A pattern of numbers matches what lies in the range, also with zeros in front") {
  struct Range {
    std::uint64_t least, most;
  };
  for (const auto& [least, most] :
       {Range{0, 100}, Range{1, 64}, Range{16, 1048}, Range{98, 102}, Range{7, 7}, Range{1, 1000}}) {
    const std::regex pattern(patterns::number(least, most), std::regex::ECMAScript);
    for (std::uint64_t number = 0; number <= 1100; ++number) {
      CAPTURE(number);
      CHECK(std::regex_search(std::to_string(number), pattern) == (number >= least && number <= most));
      CHECK(std::regex_search("00" + std::to_string(number), pattern) == (number >= least && number <= most));
    }
  }
}

TEST_CASE("A pattern of addresses refuses what no machine has") {
  for (const auto* good : {"1.1.1.1", "2606:4700::1111", "::ffff:1.2.3.4", "fe80::1%eth0"})
    CHECK(matches(patterns::machine_address(), good));
  for (const auto* bad : {"", "1.1.1", "1.1.1.256", "01.1.1.1", "0.0.0.0", "224.0.0.1", "::", "ff02::1", "fe80::1",
                          "2606::1%eth0", "1::2::3", "1.1.1.1:53"})
    CHECK_FALSE(matches(patterns::machine_address(), bad));
}
