#pragma once
#include <string>
#include <vector>

#include "config/value.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// An upstream's URL, which makes the entry that the other keys then change.
struct UrlForm {
  std::string allowed() const { return "https://HOST[:PORT][/PATH] or tls://HOST[:PORT]"; }
  void read(const Value& value, UpstreamConfig& out) const;
  std::string text(const UpstreamConfig& upstream) const;
};

/// A list of upstreams, a mapping each.
struct UpstreamsForm {
  std::string allowed() const { return "a list of at least one mapping such as {url: tls://1.1.1.1}"; }
  /// Each item of the list becomes one upstream, whatever is wrong with it.
  void read(const Value& value, std::vector<UpstreamConfig>& out) const;
  std::string text(const std::vector<UpstreamConfig>& upstreams) const;
};

/// A mapping of zones to their servers: unlike any other, it has the user's own keys.
struct ForwardForm {
  std::string allowed() const;
  void read(const Value& value, std::vector<ForwardZone>& out) const;
  std::string text(const std::vector<ForwardZone>& zones) const;
};

}  // namespace tacet
