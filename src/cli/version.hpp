#pragma once
#include <string>

namespace tacet {

/// What `tacet --version` prints: this program's version, that of every library (as loaded, where the library can say
/// so), and what they make possible.
std::string version_text();

}  // namespace tacet
