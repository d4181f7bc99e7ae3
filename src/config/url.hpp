#pragma once
#include <string_view>
#include <vector>

#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// An upstream from its URL alone: "https://dns.example/dns-query", "tls://[2606:4700:4700::1111]:853",
/// "quic://192.0.2.1". Sets
/// encryption, host, port, path and the operator (the host). A host that is an address is also the only address, and is
/// never sent as SNI. All else keeps its default. Schemes other than https, tls and quic are refused, because they
/// would send names in plaintext; quic also if quic_is_built_in() is false. A template's "{?dns}" (RFC 8484 §4.1) is
/// dropped. Fault::invalid_config: what is wrong and what is allowed.
Result<UpstreamConfig> parse_upstream_url(std::string_view url);

/// True if this build speaks DNS over QUIC: its OpenSSL has a QUIC client.
bool quic_is_built_in();

/// The upstreams of all other names, and the encrypted servers of zones.
std::vector<UpstreamConfig> encrypted_servers(const Config& config);

/// True if a connection first needs a lookup at the `bootstrap` servers: the host is a name without pinned addresses.
bool needs_bootstrap(const UpstreamConfig& upstream);

}  // namespace tacet
