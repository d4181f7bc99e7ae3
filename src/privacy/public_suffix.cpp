#include "privacy/public_suffix.hpp"

#include <libpsl.h>

namespace tacet {

std::string public_suffix_library_version() { return std::string("libpsl ") + psl_get_version(); }

}  // namespace tacet
