#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tacet/name.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// SvcParamKeys (RFC 9460 §14.3.2) that code here must know.
namespace svc_param {
inline constexpr std::uint16_t mandatory = 0, alpn = 1, no_default_alpn = 2, port = 3, ipv4hint = 4, ech = 5,
                               ipv6hint = 6, dohpath = 7;
}

/// One SVCB or HTTPS record (RFC 9460 §2), parsed for our own use; clients always get the original octets. Values point
/// into the RDATA, which must outlive this.
struct ServiceBinding {
  struct Parameter {
    std::uint16_t key;
    Bytes value;
  };
  std::uint16_t priority = 0;
  Name target;
  std::vector<Parameter> parameters;  ///< in strictly increasing order of keys

  /// AliasMode (§2.4.2): only the target has a meaning.
  bool alias() const { return priority == 0; }
  /// The value of one parameter.
  std::optional<Bytes> find(std::uint16_t key) const;
};

/// Parses RDATA. Fault::malformed for a compressed or broken target, keys out of order or repeated, values that
/// overrun, or a `mandatory` list that is empty, out of order, or names itself or a missing key (§8).
Result<ServiceBinding> parse_service_binding(Bytes rdata);

/// The public_name of the first ECHConfig with a known version (RFC 9849 §4) in an `ech` value: the name that an
/// observer sees in place of the real one. Fault::malformed, or Fault::unsupported if no config has a known version.
Result<std::string> ech_public_name(Bytes ech_config_list);

}  // namespace tacet
