#include "dns/name_text.hpp"

namespace tacet {

std::string name_text(const Name& name) {
  std::string text = name.to_string();
  if (!name.is_root()) text.pop_back();
  return text;
}

std::string name_text(Bytes checked_wire) { return name_text(Name::from_checked_wire(checked_wire)); }

}  // namespace tacet
