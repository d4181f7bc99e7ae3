#pragma once
#include <string>

#include "tacet/name.hpp"

namespace tacet {

/// Base64 with the URL-safe alphabet and without padding (RFC 4648 §5), as RFC 8484 §6 wants it.
std::string base64url(Bytes octets);

}  // namespace tacet
