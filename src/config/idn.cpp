#include "config/idn.hpp"

#include <idn2.h>

#include <cstdint>
#include <memory>
#include <new>

namespace tacet {

Result<std::string> ascii_name(std::string_view utf8) {
  const std::string text(utf8);
  if (text.find('\0') != std::string::npos) return fail(Fault::invalid_config, "a zero octet");  // it would end there
  char* converted = nullptr;
  const int status = ::idn2_to_ascii_8z(text.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, void (*)(void*)> owner(converted, ::idn2_free);
  if (status == IDN2_MALLOC) throw std::bad_alloc();
  if (status != IDN2_OK) return fail(Fault::invalid_config, ::idn2_strerror(status));
  return std::string(converted);
}

std::string idn_library_version() { return std::string("libidn2 ") + ::idn2_check_version(nullptr); }

}  // namespace tacet
