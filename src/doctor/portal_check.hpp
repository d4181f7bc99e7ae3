#pragma once
#include <string>

#include "doctor/finding.hpp"
#include "doctor/path_evidence.hpp"
#include "doctor/upstream_checks.hpp"

namespace tacet {

/// What others on this machine say about a captive portal.
struct PortalFacts {
  std::string word;  ///< such as "NetworkManager says that a portal is in the way"; empty if nobody says so
  std::string page;  ///< the page to log in at (RFC 8910), if the network announced it
};

/// `net.portal`: whether a page that wants a login stands before the network (RFC 8952). Without a word of others it
/// takes one address for every name, and servers that cannot be trusted, for a portal.
Finding judge_portal(const PathEvidence& path, const UpstreamEvidence& upstreams, const PortalFacts& facts);

}  // namespace tacet
