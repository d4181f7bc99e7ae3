#include "cli/browser/config_block.hpp"

#include <doctest/doctest.h>

#include "config/document.hpp"

using namespace tacet;

namespace {

const ListenerFiles files{"/l/listener.pem", "/l/listener.key"};

}  // namespace

TEST_CASE("The listener goes behind any configuration in lines, and comes out of it byte for byte") {
  for (const std::string text :
       {"", "\n", "# only a comment", "cache: {size: 1MiB}", "cache: {size: 1MiB}\n", "cache:\n  size: 1MiB",
        "listen:\n  - \"127.0.0.1:53\"\n\n\n", "log: {level: info}\r\n"}) {
    CAPTURE(text);
    const auto with = with_listener(text, files).value();
    CHECK(with.starts_with(text));
    CHECK(has_listener(with, files));
    CHECK(parse_document(with)->find("https")->find("key")->text == files.key);
    CHECK(without_listener(with, files).value() == text);
  }
}

TEST_CASE("What a person writes around the block stays when the block goes") {
  const auto with = with_listener("log: {level: info}\n", files).value();
  CHECK(without_listener("workers: 2\n" + with + "cache: {size: 0}\n", files).value() ==
        "workers: 2\nlog: {level: info}\ncache: {size: 0}\n");
}

TEST_CASE("A block that a person changed is left to that person") {
  auto with = with_listener("", files).value();
  with.replace(with.find("8453"), 4, "9999");
  CHECK(without_listener(with, files).error().fault == Fault::refused);
  CHECK(without_listener("", files).error().fault == Fault::refused);
}

TEST_CASE("A configuration that has the key, or that nothing can follow, is refused with the lines to write") {
  const auto twice = with_listener("https: {listen: []}\n", files);
  CHECK(twice.error().fault == Fault::refused);
  CHECK(twice.error().detail.find("certificate: /l/listener.pem") != std::string::npos);
  const auto json = with_listener("{\"workers\": 1}\n", files);
  CHECK(json.error().fault == Fault::malformed);
  CHECK(json.error().detail.find("key: /l/listener.key") != std::string::npos);
  CHECK(with_listener("a: [\n", files).error().detail.starts_with("line "));
  CHECK_FALSE(has_listener("https: {certificate: /other.pem}\n", files));
  CHECK_FALSE(has_listener("a: [\n", files));
}
