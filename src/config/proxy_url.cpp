#include "config/proxy_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "config/address.hpp"
#include "config/scalar.hpp"

namespace tacet {
namespace {

/// RFC 1929 has one octet for the length of each.
constexpr std::size_t longest_credential = 255;
constexpr std::string_view mask = "***";

std::unexpected<Error> refuse(std::string_view what) {
  return fail(Fault::invalid_config, fmt::format("{}, allowed: {}", what, proxy_urls));
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

/// The text with its coded octets; nothing if a code is wrong.
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
    if (!low) return std::nullopt;
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return out;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// What is wrong with user name and password; nothing if they can be used.
std::optional<std::string_view> credential_fault(const ProxyConfig& proxy) {
  if (proxy.user.empty()) return "the user name is empty";
  if (std::max(proxy.user.size(), proxy.password.size()) > longest_credential)
    return "the user name or the password is longer than 255 octets";
  if (std::ranges::any_of(proxy.user + proxy.password, is_control))
    return "the user name or the password has a control character";
  if (proxy.kind == ProxyKind::http && proxy.user.contains(':'))
    return "the user name has a colon, which HTTP does not carry";
  return std::nullopt;
}

Result<void> read_credentials(std::string_view text, ProxyConfig& proxy) {
  if (text == mask)
    return fail(Fault::invalid_config,
                "*** stands for a secret that is not shown, allowed: the user name and password");
  const auto colon = std::min(text.find(':'), text.size());
  const auto user = decoded(text.substr(0, colon));
  const auto password = decoded(text.substr(std::min(colon + 1, text.size())));
  if (!user || !password) return refuse("a percent sign in the user name or the password must be written as %25");
  proxy.user = *user;
  proxy.password = *password;
  if (const auto fault = credential_fault(proxy)) return refuse(*fault);
  return {};
}

Result<void> read_scheme(std::string_view& rest, ProxyConfig& proxy) {
  const auto end = rest.find("://");
  if (end == std::string_view::npos) return refuse("the URL of a proxy has no scheme");
  const std::string scheme = lower_case(rest.substr(0, end));
  rest.remove_prefix(end + 3);
  if (scheme == "socks5h")
    return refuse("the scheme is socks5: the proxy gets a name if the upstream has no addresses");
  if (scheme == "https") return refuse("TLS to a proxy is not supported");
  if (scheme != "socks5" && scheme != "http") return refuse(quotation(scheme + "://") + " is no known kind of proxy");
  proxy.kind = scheme == "http" ? ProxyKind::http : ProxyKind::socks5;
  return {};
}

/// A proxy's name would have to be looked up by plain DNS, or by tacet itself.
Result<void> read_server(std::string_view text, ProxyConfig& proxy) {
  if (text.ends_with('/')) text.remove_suffix(1);
  const std::string_view local = "localhost:";
  const std::string numeric =
      text.starts_with(local) ? fmt::format("127.0.0.1:{}", text.substr(local.size())) : std::string(text);
  auto address = parse_server_address(numeric, 0);
  if (!address)
    return refuse(fmt::format("{} is no IP address with a port: tacet looks up no name of a proxy", quotation(text)));
  if (address->port == 0) return refuse(fmt::format("{} has no port", quotation(text)));
  proxy.address = *std::move(address);
  return {};
}

}  // namespace

Result<ProxyConfig> parse_proxy_url(std::string_view url) {
  ProxyConfig proxy;
  if (url == "none") return proxy;
  if (auto scheme = read_scheme(url, proxy); !scheme) return fail(std::move(scheme.error()));
  const auto at = url.rfind('@');
  if (at != std::string_view::npos) {
    if (auto read = read_credentials(url.substr(0, at), proxy); !read) return fail(std::move(read.error()));
    url.remove_prefix(at + 1);
  }
  if (auto server = read_server(url, proxy); !server) return fail(std::move(server.error()));
  return proxy;
}

std::string masked_url(const ProxyConfig& proxy) {
  std::string url = to_string(proxy);
  if (!proxy.user.empty()) url.insert(url.find("://") + 3, std::string(mask) + '@');
  return url;
}

}  // namespace tacet
