#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "doctor/finding.hpp"
#include "doctor/path_evidence.hpp"
#include "doctor/upstream_checks.hpp"

namespace tacet {

/// The result of fetching a page by plain HTTP, on purpose.
struct PortalProbe {
  enum class Outcome : std::uint8_t { true_page, another_page, silent };
  Outcome outcome = Outcome::silent;
  std::string words;
  std::string page;  ///< where it was redirected to; empty if it was not
};

/// What others on this machine say about a captive portal.
struct PortalFacts {
  std::string word;  ///< such as "NetworkManager says that a portal is in the way"; empty if nobody says so
  std::string page;  ///< the page to log in at (RFC 8910), if the network announced it
  std::optional<PortalProbe> probe{};
};

/// `net.portal`: whether a page that wants a login stands before the network (RFC 8952). Without a word of others it
/// takes one address for every name, and servers that cannot be trusted, for a portal.
Finding judge_portal(const PathEvidence& path, const UpstreamEvidence& upstreams, const PortalFacts& facts);

}  // namespace tacet
