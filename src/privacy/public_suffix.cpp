#include "privacy/public_suffix.hpp"

#include <libpsl.h>

namespace tacet {

std::string registrable_domain(const std::string& name) {
  const char* domain = psl_registrable_domain(psl_builtin(), name.c_str());
  return domain != nullptr ? domain : name;
}

std::string public_suffix_library_version() { return std::string("libpsl ") + psl_get_version(); }

}  // namespace tacet
