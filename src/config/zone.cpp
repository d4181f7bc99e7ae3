#include "config/zone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "config/address.hpp"
#include "config/idn.hpp"
#include "config/reverse_zone.hpp"
#include "config/scalar.hpp"
#include "config/url.hpp"
#include "tacet/name.hpp"

namespace tacet {
namespace {

constexpr std::string_view allowed = "allowed: the name of a zone such as lan, corp.example or 168.192.in-addr.arpa";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A character that no program's name has, so the user must mean something else. RFC 2317 names have "/".
std::optional<char> foreign_character(std::string_view zone) {
  const bool reverse = zone.ends_with(".in-addr.arpa");
  for (const char c : zone) {
    const bool plain = is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
    if (!plain && !(reverse && c == '/')) return c;
  }
  return std::nullopt;
}

bool ends_in_number(std::string_view zone) {
  const auto last = zone.substr(zone.rfind('.') + 1);
  return !last.empty() && std::ranges::all_of(last, is_digit);
}

/// What is wrong with a name in lower case without a final dot; nothing if it is right.
std::optional<std::string> fault_of(std::string_view zone) {
  if (zone.empty()) return "is no name of a zone";
  if (zone.starts_with('.') || zone.ends_with('.') || zone.find("..") != std::string_view::npos)
    return "has an empty label";
  if (zone.find('*') != std::string_view::npos) return "has a * that does not stand alone in front";
  if (const auto foreign = foreign_character(zone))
    return fmt::format("has the character {}, which no name of a zone has", quotation({&*foreign, 1}));
  if (ends_in_number(zone)) return "ends in a number, as no domain name does";
  if (const auto name = Name::from_text(zone); !name) return "is too long: " + name.error().detail;
  return std::nullopt;
}

/// The zone inside another program's or a browser's spelling: "https://corp.example:443/", "~corp.example",
/// ".corp.example", "/corp.example/", "*.*.corp.example". Nothing if there is none.
std::optional<std::string> zone_within(std::string_view text) {
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  text.remove_prefix(std::min(text.find_first_not_of("*.~/|@ \t\r\n\f\v"), text.size()));
  text = text.substr(0, text.find_first_of("/:^ \t\r\n\f\v"));
  while (text.ends_with('.')) text.remove_suffix(1);
  auto zone = is_ascii(text) ? std::string(text) : ascii_name(text).value_or("");
  zone = lower_case(zone);
  if (fault_of(zone) || reverse_zone_fault(zone)) return std::nullopt;
  return zone;
}

std::unexpected<Error> refuse(std::string_view text, std::string_view what) {
  const auto meant = zone_within(text);
  return fail(Fault::invalid_config, fmt::format("{} {}, {}", quotation(text), what,
                                                 meant ? fmt::format("allowed: {}", *meant) : std::string(allowed)));
}

}  // namespace

Result<std::string> parse_zone(std::string_view text) {
  if (text == "." || text == "*" || text == "*.") return ".";
  if (const auto zones = reverse_zones_of(text))
    return fail(Fault::invalid_config,
                fmt::format("{} is a network and no name of a zone, allowed: {}", quotation(text), *zones));
  if (text.find("://") != std::string_view::npos) return refuse(text, "is a URL and no name of a zone");
  auto zone = text.starts_with("*.") ? text.substr(2) : text;
  std::string ascii(zone);
  if (!is_ascii(zone)) {
    auto converted = ascii_name(zone);
    if (!converted)
      return fail(
          Fault::invalid_config,
          fmt::format("{} has no form that DNS could carry: {}, allowed: its form in ASCII (xn--...), if it has one",
                      quotation(text), converted.error().detail));
    ascii = *std::move(converted);
  }
  if (ascii.ends_with('.')) ascii.pop_back();
  ascii = lower_case(ascii);
  if (const auto fault = fault_of(ascii)) return refuse(text, *fault);
  if (const auto fault = reverse_zone_fault(ascii))
    return fail(Fault::invalid_config, fmt::format("{} {}", quotation(text), *fault));
  return ascii;
}

Result<ZoneServer> parse_zone_server(std::string_view text) {
  if (text.find("://") == std::string_view::npos) {
    auto address = parse_server_address(text, 53);
    if (!address) return fail(std::move(address.error()));
    return *std::move(address);
  }
  auto upstream = parse_upstream_url(text);
  if (upstream) return *std::move(upstream);
  if (text.starts_with("https://") || text.starts_with("tls://") || text.starts_with("quic://"))
    return fail(std::move(upstream.error()));
  return fail(Fault::invalid_config,
              fmt::format("{} is no server of a zone, allowed: an address such as 192.168.1.1 (plain DNS), "
                          "https://HOST[:PORT][/PATH], tls://HOST[:PORT] or quic://HOST[:PORT]",
                          quotation(text)));
}

}  // namespace tacet
