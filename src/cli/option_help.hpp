#pragma once

/// What --help says of options that several verbs share.
namespace tacet::option_help {

inline constexpr auto upstream_help =
    "Ask this upstream: https://HOST[:PORT][/PATH] (DNS over HTTPS),\n"
    "tls://HOST[:PORT] (DNS over TLS) or quic://HOST[:PORT] (DNS over\n"
    "QUIC). If HOST is a name, its addresses can follow an @:\n"
    "tls://dns.example@192.0.2.1,2001:db8::1.\n"
    "Repeat it for more; tacet prefers the first. It replaces the\n"
    "file's list";
inline constexpr auto bootstrap_help =
    "Ask this plain DNS server for the addresses of upstreams, and for\n"
    "nothing else. Repeat it for more. It replaces the file's list";
inline constexpr auto proxy_help =
    "Reach the upstream through this proxy: socks5://ADDRESS:PORT or\n"
    "http://ADDRESS:PORT, with USER:PASSWORD@ before ADDRESS if it wants\n"
    "them; none ignores the file's";
inline constexpr auto via_help = "Leave this machine by this interface, or from this address of it";
inline constexpr auto listen_help =
    "Listen at ADDRESS[:PORT], by UDP and TCP. Repeat it for more. It\n"
    "replaces the file's list";

}  // namespace tacet::option_help
