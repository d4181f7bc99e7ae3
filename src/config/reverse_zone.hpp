#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace tacet {

/// The zones with the names of a network's addresses, as words: "10.in-addr.arpa" for "10.0.0.0/8" (or "10.0.0.0",
/// "10.", "10.*"), "16.172.in-addr.arpa to 31.172.in-addr.arpa" for "172.16.0.0/12", "d.f.ip6.arpa" for "fd00::/8".
/// Nothing if `text` is no network, address or beginning of one.
std::optional<std::string> reverse_zones_of(std::string_view text);

/// What is wrong in the labels of a name below in-addr.arpa (one number of an address a label, last first) or ip6.arpa
/// (one hexadecimal digit a label, last first), and what is allowed; nothing if all is right. `zone` is in lower case,
/// without a final dot.
std::optional<std::string> reverse_zone_fault(std::string_view zone);

}  // namespace tacet
