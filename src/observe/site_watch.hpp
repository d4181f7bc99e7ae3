#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "tacet/config.hpp"
#include "tacet/instant.hpp"

namespace tacet {

/// The part of a server's name that the servers of one site share: "fra.pch.net" of "res100.fra.pch.net", "anexia-fra"
/// of "anexia-fra-2", "47m" of Cloudflare's "47m81". The whole name if it has no such form.
std::string_view site_in(std::string_view server);

/// A change of the site that answers at an address.
struct SiteChange {
  std::string before;      ///< the former site
  bool elsewhere = false;  ///< that one answered on another network; nothing was known of this one
  Instant at{};
};

/// Which server answers at an address of an upstream.
struct ServerSite {
  std::string upstream;                ///< its URL
  std::string address;                 ///< "192.0.2.1:853"
  std::string server;                  ///< as it names itself
  std::string site;                    ///< site_in() of it
  std::optional<SiteChange> change{};  ///< the last one
};

/// Remembers the site of each address of an upstream, on each network, and tells a change once in the log. In memory
/// alone. Shared by all workers.
class SiteWatch {
public:
  /// Forgets all upstreams but these.
  void use(const std::vector<UpstreamConfig>& upstreams);

  /// A server named itself. `network` tells one network from another; empty if nothing does.
  void saw(const UpstreamConfig& upstream, const std::string& address, std::string_view server,
           const std::string& network, Instant now);

  /// The latest of each address.
  std::vector<ServerSite> sites() const;
  /// How often a site has changed.
  std::uint64_t changes() const;

private:
  struct Place {
    ServerSite latest;
    std::map<std::string, std::string> by_network;  // the last site on each
  };
  void tell(const ServerSite& site, Instant now);

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Place> places_;  // by URL and address
  std::uint64_t changes_ = 0;
  log::RateLimit told_;
};

}  // namespace tacet
