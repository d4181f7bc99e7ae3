#include "report/query_line.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cmath>
#include <cstring>
#include <ctime>

#include "base/text.hpp"
#include "dns/name_text.hpp"
#include "privacy/exposure.hpp"
#include "report/json.hpp"
#include "tacet/ip_address.hpp"

namespace tacet {
namespace {

constexpr std::size_t shown_of_v4 = 3, shown_of_v6 = 6;  // octets: /24, /48

/// The address of a sockaddr_in or sockaddr_in6; a mapped IPv4 address as IPv4; empty for another family.
std::vector<std::uint8_t> octets_of(const ClientAddress& client) {
  sockaddr_storage storage{};
  std::memcpy(&storage, client.address.data(), client.address_size);
  std::vector<std::uint8_t> octets;
  if (storage.ss_family == AF_INET) {
    octets.resize(4);
    std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr, octets.size());
  } else if (storage.ss_family == AF_INET6) {
    octets.resize(16);
    const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr;
    std::memcpy(octets.data(), &address, octets.size());
    if (IN6_IS_ADDR_V4MAPPED(&address)) octets.erase(octets.begin(), octets.begin() + 12);
  }
  return octets;
}

Json client_text(const ClientAddress& client, Disclosure disclosure) {
  std::vector<std::uint8_t> octets = octets_of(client);
  if (octets.empty()) return nullptr;
  const bool v6 = octets.size() == 16;
  if (disclosure == Disclosure::mask)
    std::fill(octets.begin() + (v6 ? shown_of_v6 : shown_of_v4), octets.end(), std::uint8_t{0});
  return IpAddress::from_octets(octets)->to_string();
}

std::string shown_name(const LoggedQuery& query, Disclosure disclosure) {
  const Bytes name = Bytes(query.name).first(query.name_size);
  return disclosure == Disclosure::mask ? domain_of(lower_case(chars_of(name))) : name_text(name);
}

}  // namespace

std::string utc_text(WallTime time) {
  const auto milliseconds = std::chrono::round<std::chrono::milliseconds>(time).time_since_epoch().count();
  const auto seconds = static_cast<std::time_t>(milliseconds / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, milliseconds % 1000);
}

std::string query_line(const LoggedQuery& query, const QueryLogConfig& config, WallTime arrived) {
  Json json{{"time", utc_text(arrived)}};
  if (config.clients != Disclosure::omit) json.add("client", client_text(query.client, config.clients));
  json.add("transport", to_string(query.client.transport));
  if (config.names != Disclosure::omit) json.add("name", shown_name(query, config.names));
  json.add("type", to_string(query.type));
  json.add("rcode", to_string(query.rcode));
  json.add("source", to_string(query.source));
  json.add("upstream", known(query.upstream));
  json.add("duration_ms", std::round(std::chrono::duration<double, std::micro>(query.taken).count()) / 1000);
  json.add("ede", query.extended_error ? Json(*query.extended_error) : Json(nullptr));
  return json.dump();
}

}  // namespace tacet
