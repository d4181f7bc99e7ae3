#pragma once
#include <string>
#include <string_view>

#include "tacet/result.hpp"

namespace tacet {

/// A domain name in UTF-8 as DNS carries it: "bücher.example" becomes "xn--bcher-kva.example" (IDNA2008, RFC 5891, with
/// the mapping of UTS #46 that browsers use). Fails with invalid_config: why it has no such form.
Result<std::string> ascii_name(std::string_view utf8);

/// "libidn2 2.3.3".
std::string idn_library_version();

}  // namespace tacet
