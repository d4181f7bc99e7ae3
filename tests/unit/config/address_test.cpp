#include "config/address.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace tacet;

TEST_CASE("a listening address is read in every usual form") {
  struct Row {
    const char* text;
    IpAddress address;
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
      {"fe80::1%eth0", "fe80::1%eth0", 53, "[fe80::1%eth0]:53"},
      {"[FE80:0::1%br-lan.2]:5353", "fe80::1%br-lan.2", 5353, "[fe80::1%br-lan.2]:5353"},
      {"[fe80::1%3]", "fe80::1%3", 53, "[fe80::1%3]:53"},
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
  for (const char* text : {"", ":53", "localhost:53", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:-1",
                           "127.0.0.1: 53", "127.0.0.1 :53", "127.1", "127.0.0.01", "[127.0.0.1]:53", "[::1", "::1]:53",
                           "[::1]53", "[::1]:", "[]:53", "1.1.1.1:53:53", "*:53"}) {
    CAPTURE(text);
    const auto address = parse_socket_address(text, 53);
    REQUIRE(!address.has_value());
    CHECK(address.error().fault == Fault::invalid_config);
    CHECK(address.error().detail.find(", allowed: ") != std::string::npos);
  }
}

TEST_CASE("::1 with a port and no brackets is refused with what to write, because it reads as another address") {
  for (const char* text : {"::1:53", "[::1:53]"}) {
    CAPTURE(text);
    const auto refused = parse_socket_address(text, 53);
    REQUIRE(!refused);
    CHECK(refused.error().detail ==
          fmt::format("\"{}\" is an address that no machine has, allowed: \"[::1]:53\" with a port", text));
  }
  CHECK(parse_socket_address("::", 53)->address == IpAddress("::"));
  CHECK(parse_socket_address("::1", 53)->address == IpAddress("::1"));
  CHECK(parse_socket_address("2001:db8::1:53", 53)->address == IpAddress("2001:db8::1:53"));
}

TEST_CASE("an address ends at its interface") {
  CHECK(address_before_interface("1.1.1.1") == IpAddress("1.1.1.1"));
  CHECK(address_before_interface("fe80::1%eth0") == IpAddress("fe80::1"));
  CHECK_FALSE(address_before_interface("%eth0"));
  CHECK_FALSE(address_before_interface(std::string_view("1.1.1.1\0x", 9)));
  CHECK_FALSE(address_before_interface(std::string(5000, '1')));
}

TEST_CASE("a link-local address needs its interface, and no other address has one; the words say what to write") {
  for (const char* text : {"fe80::1", "[fe80::1]:53", "[febf::1]", "fe80::1%", "fe80::1%a/b", "fe80::1%eth0%eth1",
                           "fe80::1%a-name-too-long-"}) {
    CAPTURE(text);
    const auto address = parse_socket_address(text, 53);
    REQUIRE(!address);
    CHECK(address.error().detail.find("%eth0\"") != std::string::npos);
  }
  for (const char* text : {"fd00::1%eth0", "::1%lo", "[2001:db8::1%eth0]:53", "192.0.2.1%eth0"}) {
    CAPTURE(text);
    const auto address = parse_socket_address(text, 53);
    REQUIRE(!address);
    CHECK(address.error().detail.find("only link-local addresses have: write") != std::string::npos);
  }
  CHECK(parse_socket_address("169.254.1.1", 53).has_value());
  CHECK(is_link_local("fe80::1%eth0"));
  CHECK(is_link_local("febf::"));
  CHECK(!is_link_local("fec0::1"));
  CHECK(!is_link_local("169.254.1.1"));
}

TEST_CASE("IPv4 is left out by a list whose only address for a port is [::]") {
  const auto told = [](std::vector<SocketAddress> listen) { return left_out(listen).value_or(""); };
  CHECK(told({{.address = "::", .port = 53}}) ==
        R"(listen: [::]:53 is IPv6 only, and IPv4 is not served: add "0.0.0.0:53" to serve it too)");
  CHECK(told({{.address = "::", .port = 53}, {.address = "0.0.0.0", .port = 5353}}).contains("0.0.0.0:53\""));
  CHECK(told({{.address = "::", .port = 53}, {.address = "0.0.0.0", .port = 53}}).empty());
  CHECK(told({{.address = "::", .port = 53}, {.address = "192.168.1.2", .port = 53}}).empty());
  CHECK(told({{.address = "fd00::1", .port = 53}, {.address = "::1", .port = 53}}).empty());
}
