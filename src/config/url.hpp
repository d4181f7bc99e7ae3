#pragma once
#include <string_view>

#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// An upstream from its URL alone: "https://dns.example/dns-query", "tls://[2606:4700:4700::1111]:853".
/// Fills encryption, host, port, path and the operator (the host); a host that is an address is also its only address,
/// and is never sent as SNI.
/// Everything else keeps its default. Schemes other than https and tls are refused, above all those that would
/// send names in plaintext. A template's "{?dns}" (RFC 8484 §4.1) is dropped.
/// Fails with invalid_config: what is wrong and what is allowed.
Result<UpstreamConfig> parse_upstream_url(std::string_view url);

/// True if a connection needs a lookup through `bootstrap` servers first: a name without pinned addresses.
bool needs_bootstrap(const UpstreamConfig& upstream);

}  // namespace tacet
