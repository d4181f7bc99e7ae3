#include "config/fault.hpp"

#include <fmt/format.h>

namespace tacet {

std::string to_string(const ConfigFault& fault) {
  std::string out = fault.file + ":";
  if (fault.at.line > 0) out += fmt::format("{}:{}:", fault.at.line, fault.at.column);
  if (!fault.key.empty()) out += fmt::format(" {}:", fault.key);
  return out + " " + fault.text;
}

}  // namespace tacet
