#pragma once
#include <string>
#include <vector>

#include "config/value.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// An upstream's URL. It makes the entry that the other keys change.
struct UrlForm {
  std::string allowed() const { return "https://HOST[:PORT][/PATH], tls://HOST[:PORT] or quic://HOST[:PORT]"; }
  void read(const Value& value, UpstreamConfig& out) const;
  std::string text(const UpstreamConfig& upstream) const;
};

/// A list of upstreams; each is a URL, or a mapping with the key `url`.
struct UpstreamsForm {
  std::string allowed() const {
    return "a list of at least one URL such as tls://1.1.1.1, or mapping such as {url: tls://1.1.1.1}";
  }
  /// Each item of the list becomes one upstream, even if it is wrong.
  void read(const Value& value, std::vector<UpstreamConfig>& out) const;
  std::string text(const std::vector<UpstreamConfig>& upstreams) const;
};

/// The servers of a zone, which is a list of them or a mapping with the key `servers`.
Value servers_of_zone(const Value& zone);

/// A mapping of zones to their servers. Only here the keys are the user's own.
struct ForwardForm {
  std::string allowed() const;
  void read(const Value& value, std::vector<ForwardZone>& out) const;
  std::string text(const std::vector<ForwardZone>& zones) const;
};

}  // namespace tacet
