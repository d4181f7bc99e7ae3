#include "daemon/designations.hpp"

#include <algorithm>
#include <string>

#include "base/ip_address.hpp"
#include "dns/designation.hpp"

namespace tacet {
namespace {

bool is_wildcard(const std::string& address) { return address == "0.0.0.0" || address == "::"; }

/// 4 or 16 octets; empty for what is no address, such as one with a scope.
std::vector<std::uint8_t> octets_of(const std::string& address) {
  const auto parsed = IpAddress::from_text(address);
  if (!parsed) return {};
  return {parsed->octets().begin(), parsed->octets().end()};
}

/// The listener that has this address, by itself or by the wildcard of its family.
const SocketAddress* listener_at(const TlsListenConfig& section, const std::string& address) {
  const bool is_v6 = address.contains(':');
  const auto found = std::ranges::find_if(section.listen, [&](const SocketAddress& each) {
    return each.address == address || (is_wildcard(each.address) && each.address.contains(':') == is_v6);
  });
  return found != section.listen.end() ? &*found : nullptr;
}

}  // namespace

std::vector<LocalRecord> designations(const Settings& settings, const SocketAddress& asked) {
  std::vector<LocalRecord> records;
  const auto octets = octets_of(asked.address);
  if (octets.empty() || is_wildcard(asked.address)) return records;
  for (const auto& [transport, section] :
       {std::pair(ClientTransport::https, &settings.config.https), {ClientTransport::tls, &settings.config.tls}}) {
    const auto server = settings.certificates.of(transport);
    const auto* const listener = listener_at(*section, asked.address);
    if (!server || listener == nullptr || !server->holds_address(asked.address)) continue;
    const auto target = Name::from_text(server->first_name());
    records.push_back(designation_record({.is_https = transport == ClientTransport::https,
                                          .port = listener->port,
                                          .target = target.value_or(designation_name().parent()),
                                          .address = octets},
                                         static_cast<std::uint16_t>(records.size() + 1)));
  }
  return records;
}

}  // namespace tacet
