#pragma once
#include <string>
#include <string_view>

#include "tacet/result.hpp"

namespace tacet {

/// The ASCII form of a domain name in UTF-8: "bücher.example" becomes "xn--bcher-kva.example" (IDNA2008, RFC 5891, with
/// the mapping of UTS #46 that browsers use). Fault::invalid_config: why there is no such form.
Result<std::string> ascii_name(std::string_view utf8);

/// "libidn2 2.3.3".
std::string idn_library_version();

}  // namespace tacet
