#include "privacy/browser_servers.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "dns/name_text.hpp"

namespace tacet {
namespace {

struct BrowserServer {
  std::string_view name;
  std::string_view browsers;
};

/// Only names that the operators made for a browser. Other programs use dns.google and the like, too.
constexpr std::array servers{
    BrowserServer{"mozilla.cloudflare-dns.com", "Firefox"},
    BrowserServer{"firefox.dns.nextdns.io", "Firefox"},
    BrowserServer{"chrome.cloudflare-dns.com", "Chromium, Chrome or a relative"},
    BrowserServer{"chromium.dns.nextdns.io", "Chromium, Chrome or a relative"},
};

}  // namespace

std::string_view browsers_of_server(const std::string& wire_name) {
  const auto text = name_text(bytes_of(wire_name));
  const auto* found = std::ranges::find(servers, text, &BrowserServer::name);
  return found == servers.end() ? std::string_view() : found->browsers;
}

}  // namespace tacet
