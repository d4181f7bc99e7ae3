#pragma once
#include <string>

#include "tacet/name.hpp"

namespace tacet {

/// A name as people write it: Name::to_string() without the final dot, "www.example.com". The root is ".".
std::string name_text(const Name& name);

/// The same of a wire form that has been checked.
std::string name_text(Bytes checked_wire);

}  // namespace tacet
