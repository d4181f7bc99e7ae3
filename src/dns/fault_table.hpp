#pragma once
#include <cstdint>

#include "dns/edns.hpp"
#include "tacet/message.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The reply to a client when its query met a fault.
struct FaultReply {
  Rcode rcode;
  std::uint16_t extended_error;  ///< INFO-CODE (RFC 8914 §4)
};

/// The one table from Fault to RCODE and Extended DNS Error. After a SERVFAIL a client tries its next server or reports
/// a failure. It never concludes that the name does not exist.
constexpr FaultReply reply_for(Fault fault) {
  switch (fault) {
    case Fault::malformed:
    case Fault::mismatched:
    case Fault::protocol:
      return {Rcode::servfail, ede::invalid_data};  // an answer came, but no DNS answer to our question
    case Fault::unsupported:
      return {Rcode::notimp, ede::not_supported};
    case Fault::refused:
      return {Rcode::refused, ede::prohibited};
    case Fault::timeout:
    case Fault::unreachable:
      return {Rcode::servfail, ede::no_reachable_authority};  // every upstream was tried in vain
    case Fault::no_network:
      return {Rcode::servfail, ede::network_error};  // this machine's own network is at fault
    // The network stands between us and the upstream (a captive portal, an interceptor), so the error names the
    // network.
    case Fault::tls_untrusted:
      return {Rcode::servfail, ede::network_error};
    case Fault::overloaded:
      return {Rcode::servfail, ede::not_ready};
    case Fault::cancelled:
      return {Rcode::servfail, ede::not_ready};  // stopping: a retry meets our successor
    case Fault::unproven:
      return {Rcode::servfail, ede::dnssec_indeterminate};
    case Fault::invalid_config:
    case Fault::in_use:
    case Fault::system:
      return {Rcode::servfail, ede::other};
  }
  return {Rcode::servfail, ede::other};
}

}  // namespace tacet
