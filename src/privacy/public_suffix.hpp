#pragma once
#include <string>

namespace tacet {

/// "libpsl 0.21.2 …" as loaded.
std::string public_suffix_library_version();

}  // namespace tacet
