#pragma once
#include <string>
#include <string_view>

#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// "socks5://[USER:PASSWORD@]ADDRESS:PORT", "http://…" or "none". ADDRESS is an IP address or localhost, which is
/// 127.0.0.1. A percent sign codes an octet of user name and password (RFC 3986 §2.1). Fault::invalid_config: what is
/// wrong and what is allowed, never with a secret.
Result<ProxyConfig> parse_proxy_url(std::string_view url);

/// The URL with "***" for user name and password.
std::string masked_url(const ProxyConfig& proxy);

inline constexpr std::string_view proxy_urls =
    "none, socks5://[USER:PASSWORD@]ADDRESS:PORT or http://[USER:PASSWORD@]ADDRESS:PORT";

}  // namespace tacet
