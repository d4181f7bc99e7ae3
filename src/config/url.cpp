#include "config/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "config/address.hpp"
#include "config/scalar.hpp"

namespace tacet {
namespace {

constexpr std::string_view allowed =
    "allowed: https://HOST[:PORT][/PATH] (DNS over HTTPS), tls://HOST[:PORT] (DNS over TLS) or quic://HOST[:PORT] (DNS "
    "over QUIC)";

std::unexpected<Error> refuse(std::string_view what) {
  return fail(Fault::invalid_config, fmt::format("{}, {}", what, allowed));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

/// Printable ASCII that RFC 3986 allows in a URL; all else must be percent-encoded.
bool is_url_character(char c) {
  return c > 0x20 && c < 0x7f && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
}

/// Letters, digits and inner hyphens, 1 to 63 octets (RFC 1123 §2.1).
bool is_host_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(label, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  while (true) {
    const auto dot = name.find('.');
    const auto label = name.substr(0, dot);
    if (!is_host_label(label)) return false;
    // A last label of digits only is a mistyped IPv4 address, never a name (RFC 3696 §2).
    if (dot == std::string_view::npos) return !std::ranges::all_of(label, is_digit);
    name.remove_prefix(dot + 1);
  }
}

/// Why an upstream cannot have this scheme. The words make clear that it is refused on purpose.
std::unexpected<Error> refuse_scheme(const std::string& scheme) {
  constexpr std::array<std::string_view, 5> plaintext{"http", "udp", "tcp", "dns", "do53"};
  if (std::ranges::find(plaintext, scheme) != plaintext.end()) {
    return refuse(fmt::format("{}:// would send every name in plaintext and is never used", scheme));
  }
  return refuse(fmt::format("{} is no known scheme", quotation(scheme + "://")));
}

/// Nothing if this build speaks what follows the scheme.
Result<void> check_quic() {
  if (quic_is_built_in()) return {};
  return fail(Fault::invalid_config,
              "quic:// (DNS over QUIC) needs a tacet that was built with OpenSSL 3.5 or later, and this one was not, "
              "allowed: https://HOST[:PORT][/PATH] (DNS over HTTPS) or tls://HOST[:PORT] (DNS over TLS)");
}

std::unexpected<Error> refuse_missing_scheme(std::string_view url) {
  if (const auto address = parse_socket_address(url, 53)) {
    return refuse(fmt::format("{} is a bare address, plain DNS would send every name in plaintext and is never used",
                              quotation(url)));
  }
  return refuse(fmt::format("{} has no scheme", quotation(url)));
}

/// Takes the scheme off `rest` and sets what it implies.
Result<void> read_scheme(std::string_view& rest, UpstreamConfig& upstream) {
  const auto end = rest.find("://");
  if (end == std::string_view::npos) return refuse_missing_scheme(rest);
  const auto scheme = lower_case(rest.substr(0, end));
  if (scheme != "https" && scheme != "tls" && scheme != "quic") return refuse_scheme(scheme);
  upstream.encryption = scheme == "https" ? Encryption::doh : scheme == "tls" ? Encryption::dot : Encryption::doq;
  upstream.port = scheme == "https" ? 443 : 853;
  rest.remove_prefix(end + 3);
  return upstream.encryption == Encryption::doq ? check_quic() : Result<void>{};
}

Result<void> set_port(std::string_view text, UpstreamConfig& upstream) {
  const auto port = parse_port(text);
  if (!port) return fail(Fault::invalid_config, fmt::format("{} is no port, allowed: 1 to 65535", quotation(text)));
  upstream.port = *port;
  return {};
}

Result<void> set_address(const IpAddress& address, UpstreamConfig& upstream) {
  if (!is_one_machine(address)) return refuse(fmt::format("{} is no server's address", quotation(address.to_string())));
  upstream.host_is_address = true;
  upstream.sni = Sni::omit;
  upstream.addresses = {address};
  upstream.host = address.to_string();
  return {};
}

/// A URL spells the percent sign before an interface as "%25" (RFC 6874); a plain "%" is accepted, too.
std::string decoded_interface(std::string_view literal) {
  constexpr std::string_view coded = "%25";
  const auto percent = literal.find(coded);
  if (percent == std::string_view::npos || percent + coded.size() == literal.size()) return std::string(literal);
  return fmt::format("{}%{}", literal.substr(0, percent), literal.substr(percent + coded.size()));
}

Result<void> read_bracketed(std::string_view authority, UpstreamConfig& upstream) {
  const auto end = authority.find(']');
  const auto literal = authority.substr(1, end == std::string_view::npos ? end : end - 1);
  const bool is_v6 = literal.find(':') != std::string_view::npos;
  if (end == std::string_view::npos || !is_v6 || !address_before_interface(literal)) {
    return refuse(fmt::format("{} is no IPv6 address in brackets", quotation(authority)));
  }
  auto address = parse_host_address(decoded_interface(literal));
  if (!address) return refuse(address.error().detail);
  if (auto set = set_address(*address, upstream); !set) return set;
  const auto rest = authority.substr(end + 1);
  if (rest.empty()) return {};
  if (rest.front() != ':') return refuse(fmt::format("{} after the bracket is no port", quotation(rest)));
  return set_port(rest.substr(1), upstream);
}

Result<void> set_host(std::string_view host, UpstreamConfig& upstream) {
  if (const auto address = IpAddress::from_text(host)) return set_address(*address, upstream);
  // Certificates and SNI name a host without the root's dot (RFC 6066 §3).
  if (host.ends_with('.')) host.remove_suffix(1);
  if (!is_host_name(host)) return refuse(fmt::format("{} is no host name or IP address", quotation(host)));
  upstream.host = lower_case(host);
  return {};
}

Result<void> read_authority(std::string_view authority, UpstreamConfig& upstream) {
  if (authority.find('@') != std::string_view::npos)
    return refuse(
        "a user name or password has no place in the URL, and the server's addresses have a key of their own "
        "(addresses)");
  if (authority.starts_with('[')) return read_bracketed(authority, upstream);
  const auto colon = authority.find(':');
  if (colon != authority.rfind(':')) {
    return refuse(fmt::format("the IPv6 address in {} needs brackets", quotation(authority)));
  }
  if (auto host = set_host(authority.substr(0, colon), upstream); !host) return host;
  if (colon == std::string_view::npos) return {};
  return set_port(authority.substr(colon + 1), upstream);
}

Result<void> read_path(std::string_view path, UpstreamConfig& upstream) {
  constexpr std::string_view template_end = "{?dns}";
  if (upstream.encryption != Encryption::doh) {
    const std::string_view protocol = upstream.encryption == Encryption::dot ? "DNS over TLS" : "DNS over QUIC";
    if (!path.empty()) return refuse(fmt::format("{} has no path such as {}", protocol, quotation(path)));
    return {};
  }
  if (path.ends_with(template_end)) path.remove_suffix(template_end.size());
  if (!std::ranges::all_of(path, is_url_character)) {
    return refuse(fmt::format("{} holds a character that must be percent-encoded", quotation(path)));
  }
  upstream.path = path.starts_with('/') ? std::string(path) : "/dns-query" + std::string(path);
  return {};
}

}  // namespace

Result<UpstreamConfig> parse_upstream_url(std::string_view url) {
  constexpr std::size_t longest = 2048;
  UpstreamConfig upstream;
  upstream.url = url;
  if (url.size() > longest) return refuse(fmt::format("a URL of {} octets is too long", url.size()));
  if (url.find('#') != std::string_view::npos) return refuse("a fragment (#) has no place in the URL");
  if (auto scheme = read_scheme(url, upstream); !scheme) return fail(scheme.error());
  const auto path_begin = std::min(url.find_first_of("/?{"), url.size());
  if (auto authority = read_authority(url.substr(0, path_begin), upstream); !authority) return fail(authority.error());
  if (auto path = read_path(url.substr(path_begin), upstream); !path) return fail(path.error());
  upstream.operator_name = upstream.host;
  return upstream;
}

bool quic_is_built_in() { return TACET_QUIC != 0; }

std::vector<UpstreamConfig> encrypted_servers(const Config& config) {
  std::vector<UpstreamConfig> all = config.upstreams;
  for (const ForwardZone& zone : config.forward)
    for (const ZoneServer& server : zone.servers)
      if (const auto* upstream = std::get_if<UpstreamConfig>(&server)) all.push_back(*upstream);
  return all;
}

bool needs_bootstrap(const UpstreamConfig& upstream) {
  return !upstream.host_is_address && upstream.addresses.empty() && !upstream.proxy.is_used();
}

}  // namespace tacet
