#pragma once
#include <vector>

#include "dns/answer_image.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// True for an address that leads nowhere but into this machine or its network: unspecified, loopback, private (RFC
/// 1918), shared (RFC 6598), link-local, limited broadcast. 4 octets.
bool is_private_ipv4(Bytes address);
/// The same for 16 octets: unspecified, loopback, unique local (RFC 4193), link- and site-local, every IPv4-mapped and
/// IPv4-compatible address (none has a place in DNS), and those in which a translator (RFC 6052's well-known prefix,
/// 6to4) finds a private IPv4 address.
bool is_private_ipv6(Bytes address);

/// Keeps public names from leading into the local network ("DNS rebinding"): a web page whose name first resolves to
/// its server and then to 192.168.1.1 talks to the router as if that were itself. Judges what upstreams say before it
/// is kept, so a hit costs nothing. What hosts files and the local network's own zones say is not for it to judge.
class RebindGuard {
public:
  /// A guard that lets everything pass.
  RebindGuard() = default;
  explicit RebindGuard(const RebindConfig& config);

  /// Turns an answer for a name outside the allowed zones into NODATA with the extended error Blocked (RFC 8914 §4.16),
  /// kept as long as it would have been, if its answer section has a private address: in A, AAAA, or as a hint in HTTPS
  /// or SVCB (RFC 9460 §7.3); also if such a binding cannot be read. An additional section with one is only left out.
  /// True if the answer was refused.
  bool refuse(AnswerImage& image) const;

  /// The same for what this machine says by itself of a name that the aliases of public name `asked` lead to: only
  /// addresses of the machine itself (loopback, unspecified) are refused, for the others are the user's own word.
  bool refuse_own(AnswerImage& image, const Name& asked) const;

private:
  bool allows(const Name& name) const;

  bool protects_ = false;
  std::vector<Name> allowed_;
};

}  // namespace tacet
