#include "config/zone.hpp"

#include <fmt/format.h>

#include <utility>

#include "config/address.hpp"
#include "config/scalar.hpp"
#include "config/url.hpp"
#include "tacet/name.hpp"

namespace tacet {

std::optional<std::string> canonical_zone(std::string_view text) {
  const auto name = Name::from_text(text);
  if (!name) return std::nullopt;
  std::string zone = name->to_string();
  for (char& octet : zone) octet = static_cast<char>(fold(static_cast<std::uint8_t>(octet)));
  if (zone.size() > 1) zone.pop_back();
  return zone;
}

Result<ZoneServer> parse_zone_server(std::string_view text) {
  if (text.find("://") == std::string_view::npos) {
    auto address = parse_socket_address(text, 53);
    if (!address) return fail(std::move(address.error()));
    return *std::move(address);
  }
  auto upstream = parse_upstream_url(text);
  if (upstream) return *std::move(upstream);
  if (text.starts_with("https://") || text.starts_with("tls://")) return fail(std::move(upstream.error()));
  return fail(Fault::invalid_config,
              fmt::format("{} is no server of a zone, allowed: an address such as 192.168.1.1 (plain DNS), "
                          "https://HOST[:PORT][/PATH] or tls://HOST[:PORT]",
                          quotation(text)));
}

}  // namespace tacet
