#pragma once
#include <vector>

#include "dns/answer_image.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// True for an address that leads only into this machine or its network: unspecified, loopback, private (RFC 1918),
/// shared (RFC 6598), link-local, limited broadcast. 4 octets.
bool is_private_ipv4(Bytes address);
/// The same for 16 octets: unspecified, loopback, unique local (RFC 4193), link- and site-local, and every IPv4-mapped
/// and IPv4-compatible address, because none of these belongs in DNS. Also an address in which a translator (RFC 6052's
/// well-known prefix, 6to4) finds a private IPv4 address.
bool is_private_ipv6(Bytes address);

/// Keeps public names from leading into the local network ("DNS rebinding"). In such an attack, a web page's name first
/// resolves to its server and then to 192.168.1.1, and so the page talks to the router. The guard judges answers of
/// upstreams before they are kept, so a hit costs nothing. It does not judge hosts files and zones of the local
/// network.
class RebindGuard {
public:
  /// A guard that lets everything pass.
  RebindGuard() = default;
  explicit RebindGuard(const RebindConfig& config);

  /// Refuses an answer for a name outside the allowed zones if its answer section has a private address: in A, AAAA, or
  /// as a hint in HTTPS or SVCB (RFC 9460 §7.3); also if such a binding cannot be read. The answer becomes NODATA with
  /// the extended error Blocked (RFC 8914 §4.16) and keeps its lifetime. An additional section with a private address
  /// is only left out. True if the answer was refused.
  bool refuse(AnswerImage& image) const;

  /// The same for an answer of this machine about a name that the aliases of public name `asked` lead to. Refuses only
  /// addresses of the machine itself (loopback, unspecified): the user wrote the others.
  bool refuse_own(AnswerImage& image, const Name& asked) const;

private:
  bool allows(const Name& name) const;

  bool protects_ = false;
  std::vector<Name> allowed_;
};

}  // namespace tacet
