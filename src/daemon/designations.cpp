#include "daemon/designations.hpp"

#include <algorithm>

#include "dns/designation.hpp"

namespace tacet {
namespace {

/// The listener that has this address, by itself or by the wildcard of its family.
const SocketAddress* listener_at(const TlsListenConfig& section, const IpAddress& address) {
  const auto found = std::ranges::find_if(section.listen, [&](const SocketAddress& each) {
    return each.address == address || (each.address.is_unspecified() && each.address.is_v6() == address.is_v6());
  });
  return found != section.listen.end() ? &*found : nullptr;
}

}  // namespace

std::vector<LocalRecord> designations(const Settings& settings, const SocketAddress& asked) {
  std::vector<LocalRecord> records;
  // A hint has no place for the interface of a link-local address.
  if (!asked.address.interface().empty() || asked.address.is_unspecified()) return records;
  const Bytes octets = asked.address.octets();
  for (const auto& [transport, section] :
       {std::pair(ClientTransport::https, &settings.config.https), {ClientTransport::tls, &settings.config.tls}}) {
    const auto server = settings.certificates.of(transport);
    const auto* const listener = listener_at(*section, asked.address);
    if (!server || listener == nullptr || !server->holds_address(asked.address)) continue;
    const auto target = Name::from_text(server->first_name());
    records.push_back(designation_record({.is_https = transport == ClientTransport::https,
                                          .port = listener->port,
                                          .target = target.value_or(designation_name().parent()),
                                          .address = {octets.begin(), octets.end()}},
                                         static_cast<std::uint16_t>(records.size() + 1)));
  }
  return records;
}

}  // namespace tacet
