#pragma once
#include <string>
#include <string_view>

#include "config/proxy_url.hpp"
#include "config/value.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// A proxy's URL, or none.
struct ProxyForm {
  std::string allowed() const { return std::string(proxy_urls); }
  void read(const Value& value, ProxyConfig& out) const;
  /// Without the secrets, so read() refuses it if there are any.
  std::string text(const ProxyConfig& proxy) const;
};

/// An interface or an address of this machine.
struct ViaForm {
  std::string allowed() const { return "a mapping such as {interface: wg0} or {address: 192.0.2.7}"; }
  void read(const Value& value, ViaConfig& out) const;
  std::string text(const ViaConfig& via) const;
};

/// "wg0" or "192.0.2.7". Fault::invalid_config: what is wrong and what is allowed.
Result<ViaConfig> parse_via(std::string_view text);

/// What is wrong with the way to an upstream as a whole; nothing if it can be used.
Result<void> check_path(const UpstreamConfig& upstream);

/// Gives the proxy of the top level to each of `upstreams` that says nothing else.
void spread_proxy(const Value& root, Config& config);
/// Reports the upstreams, and the servers of zones, with a way that cannot be used.
void check_paths(const Value& root, const Config& config);

}  // namespace tacet
