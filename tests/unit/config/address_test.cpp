#include "config/address.hpp"

#include <doctest/doctest.h>

using namespace tacet;

TEST_CASE("a listening address is read in every usual form") {
  struct Row {
    const char* text;
    const char* address;
    std::uint16_t port;
    const char* printed;
  };
  const Row rows[] = {
      {"127.0.0.1:5353", "127.0.0.1", 5353, "127.0.0.1:5353"},
      {"127.0.0.1", "127.0.0.1", 53, "127.0.0.1:53"},
      {"[::1]:5353", "::1", 5353, "[::1]:5353"},
      {"[::1]", "::1", 53, "[::1]:53"},
      {"::1", "::1", 53, "[::1]:53"},
      {"2606:4700:4700::1111", "2606:4700:4700::1111", 53, "[2606:4700:4700::1111]:53"},
      {"[2001:DB8:0:0:0:0:0:1]:1", "2001:db8::1", 1, "[2001:db8::1]:1"},
      {"0.0.0.0:65535", "0.0.0.0", 65535, "0.0.0.0:65535"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto address = parse_socket_address(row.text, 53);
    REQUIRE(address.has_value());
    CHECK(*address == SocketAddress{.address = row.address, .port = row.port});
    CHECK(to_string(*address) == row.printed);
    CHECK(parse_socket_address(to_string(*address), 1) == *address);
  }
}

TEST_CASE("what is no address or no port is refused with what is allowed") {
  for (const char* text : {"",
                           ":53",
                           "localhost:53",
                           "127.0.0.1:",
                           "127.0.0.1:0",
                           "127.0.0.1:65536",
                           "127.0.0.1:-1",
                           "127.0.0.1: 53",
                           "127.0.0.1 :53",
                           "127.1",
                           "127.0.0.01",
                           "[127.0.0.1]:53",
                           "[::1",
                           "::1]:53",
                           "[::1]53",
                           "[::1]:",
                           "[]:53",
                           "[fe80::1%lo]:53",
                           "1.1.1.1:53:53",
                           "*:53"}) {
    CAPTURE(text);
    const auto address = parse_socket_address(text, 53);
    REQUIRE(!address.has_value());
    CHECK(address.error().fault == Fault::invalid_config);
    CHECK(address.error().detail.find(", allowed: ") != std::string::npos);
  }
}

TEST_CASE("an address ends where it ends") {
  CHECK(canonical_address("1.1.1.1") == "1.1.1.1");
  CHECK(canonical_address("0:0:0:0:0:0:0:0") == "::");
  CHECK_FALSE(canonical_address(std::string_view("1.1.1.1\0x", 9)));
  CHECK_FALSE(canonical_address(std::string(5000, '1')));
}
