#include "report/query_line.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>

#include <nlohmann/json.hpp>

using namespace std::chrono_literals;
using nlohmann::json;

namespace tacet {
namespace {

template <class Address>
ClientAddress client_of(const Address& address) {
  return ClientAddress(
      ClientView{{reinterpret_cast<const std::uint8_t*>(&address), sizeof address}, ClientTransport::udp});
}

ClientAddress client(const char* text) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (::inet_pton(AF_INET, text, &v4.sin_addr) == 1) return client_of(v4);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  REQUIRE(::inet_pton(AF_INET6, text, &v6.sin6_addr) == 1);
  return client_of(v6);
}

LoggedQuery query(const char* name, const char* address = "192.0.2.77") {
  LoggedQuery query;
  const auto wire = Name::from_text(name).value();
  std::ranges::copy(wire.wire(), query.name.begin());
  query.name_size = static_cast<std::uint8_t>(wire.wire().size());
  query.client = client(address);
  return query;
}

json line(const LoggedQuery& query, const QueryLogConfig& config = {}) {
  const std::string text = query_line(query, config, WallTime(std::chrono::microseconds(1764166684123400)));
  CHECK(text.find('\n') == std::string::npos);
  return json::parse(text);
}

}  // namespace

TEST_CASE("a line has everything that is known of a query") {
  LoggedQuery asked = query("www.Example.com");
  asked.client.transport = ClientTransport::tcp;
  asked.type = Type::https;
  asked.rcode = Rcode::servfail;
  asked.source = Source::failure;
  asked.extended_error = 23;
  asked.taken = 1234567ns;
  CHECK(line(asked) == json{{"time", "2025-11-26T14:18:04.123Z"},
                            {"client", "192.0.2.77"},
                            {"transport", "tcp"},
                            {"name", "www.Example.com"},
                            {"type", "HTTPS"},
                            {"rcode", "SERVFAIL"},
                            {"source", "failure"},
                            {"upstream", nullptr},
                            {"duration_ms", 1.235},
                            {"ede", 23}});
  asked.upstream = "tls://192.0.2.1";
  asked.extended_error = std::nullopt;
  CHECK(line(asked).at("upstream") == "tls://192.0.2.1");
  CHECK(line(asked).at("ede").is_null());
}

TEST_CASE("a masked client is its network, of either family") {
  const QueryLogConfig mask{.clients = Disclosure::mask};
  for (const auto& [address, whole, masked] : {std::tuple{"192.0.2.77", "192.0.2.77", "192.0.2.0"},
                                               {"2001:db8:1:2:3::4", "2001:db8:1:2:3::4", "2001:db8:1::"},
                                               {"::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0"},
                                               {"::1", "::1", "::"}}) {
    CHECK(line(query("a.example", address)).at("client") == whole);
    CHECK(line(query("a.example", address), mask).at("client") == masked);
  }
  CHECK(!line(query("a.example"), {.clients = Disclosure::omit}).contains("client"));
  CHECK(line(LoggedQuery{.name_size = 1}).at("client").is_null());
}

TEST_CASE("a masked name is its registrable domain") {
  const QueryLogConfig mask{.names = Disclosure::mask};
  for (const auto& [name, masked] : {std::pair{"secret.WWW.example.co.uk", "example.co.uk"},
                                     {"example.com", "example.com"},
                                     {"com", "com"},
                                     {"4.3.2.1.in-addr.arpa", "1.in-addr.arpa"},
                                     {".", "."}})
    CHECK(line(query(name), mask).at("name") == masked);
  const auto omitted = query_line(query("secret.example.com"), {.names = Disclosure::omit}, WallTime{});
  CHECK(omitted.find("example") == std::string::npos);
}

TEST_CASE("octets that no text should have are escaped in a name") {
  CHECK(line(query(R"(a\000\010\034b.example)")).at("name") == R"(a\000\010"b.example)");
}

TEST_CASE("times are UTC to the millisecond, also before and at the full second") {
  CHECK(utc_text(WallTime{}) == "1970-01-01T00:00:00.000Z");
  CHECK(utc_text(WallTime(std::chrono::milliseconds(951868799999))) == "2000-02-29T23:59:59.999Z");
}

}  // namespace tacet
