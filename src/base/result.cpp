#include "tacet/result.hpp"

namespace tacet {

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::malformed:
      return "malformed";
    case Fault::unsupported:
      return "unsupported";
    case Fault::refused:
      return "refused";
    case Fault::timeout:
      return "timeout";
    case Fault::unreachable:
      return "unreachable";
    case Fault::no_network:
      return "no_network";
    case Fault::tls_untrusted:
      return "tls_untrusted";
    case Fault::protocol:
      return "protocol";
    case Fault::mismatched:
      return "mismatched";
    case Fault::overloaded:
      return "overloaded";
    case Fault::invalid_config:
      return "invalid_config";
    case Fault::in_use:
      return "in_use";
    case Fault::system:
      return "system";
    case Fault::cancelled:
      return "cancelled";
    case Fault::unproven:
      return "unproven";
  }
  return "unknown";
}

}  // namespace tacet
