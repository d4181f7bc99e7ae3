#pragma once
#include <string>

namespace tacet {

/// The text of `tacet --version`: the versions of this program and of every library (as loaded, if the library tells),
/// and the features that they make possible.
std::string version_text();

}  // namespace tacet
