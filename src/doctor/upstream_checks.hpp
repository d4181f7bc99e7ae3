#pragma once
#include <optional>
#include <string>
#include <vector>

#include "doctor/finding.hpp"
#include "doctor/trace.hpp"
#include "tacet/message.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// One try to ask an upstream over one address, transport and form of greeting, and its outcome.
struct ReachTry {
  std::size_t entry = 0;  ///< the place of the upstream in the configuration
  std::string upstream;   ///< the URL as configured
  std::string operator_name;
  Transport transport = Transport::doh;
  std::string address;  ///< "1.1.1.1"; empty if the upstream's name had to be looked up
  std::uint16_t port = 0;
  bool is_ipv6 = false;
  std::string way;           ///< "by wg0" or "through socks5://127.0.0.1:1080", as configured; empty: the usual way
  bool without_sni = false;  ///< an extra try, because the greeting as configured has the server's name
  std::optional<Error> trouble;
  std::string words;  ///< of the connection's last error, if it says more
  std::shared_ptr<const ConnectionFacts> facts;
  std::string site;  ///< how the server calls itself: NSID or id.server; empty if it does not
  Duration round_trip{};
  bool padded = false;         ///< the answer was padded
  std::optional<Trace> trace;  ///< of Cloudflare's servers
  /// Another port of the address accepts a connection or refuses it: the address is reached.
  bool reached_elsewhere = false;
  bool connected = false;  ///< a connection was made, whether or not an answer came over it

  bool works() const { return !trouble; }
};

/// All that the checks `reach`, `who`, `net`, `tls` and `self` judge. Pure.
struct UpstreamEvidence {
  std::vector<ReachTry> tries;
  /// The same upstreams, trusted by Mozilla's roots alone. Empty if these are not installed.
  std::vector<ReachTry> with_mozilla_roots;
  bool has_ipv4_route = false, has_ipv6_route = false;
  bool plain_dns_passes = false;
  /// The check that explains why certificates are not valid, such as "clock"; empty if there is none.
  std::string why_untrusted;
};

/// "DoT to 1.1.1.1:853 by wg0".
std::string way_text(const ReachTry& each);

/// `reach`: which upstreams answer, and what the network blocks: a port, an address, a name, a family. One finding for
/// each upstream, or one for all if none works.
std::vector<Finding> judge_reach(const UpstreamEvidence& evidence);
/// `who`: the site of each upstream's address, and the time of a round trip to it.
std::vector<Finding> judge_sites(const UpstreamEvidence& evidence);
/// `net.ipv4`, `net.ipv6`: whether each family carries an answer.
std::vector<Finding> judge_families(const UpstreamEvidence& evidence);
/// `tls.intercept`: whether a locally installed authority reads the traffic.
std::vector<Finding> judge_tls(const UpstreamEvidence& evidence);
/// `self.greeting`, `self.padding`: what our own connections show.
std::vector<Finding> judge_greeting(const UpstreamEvidence& evidence);

}  // namespace tacet
