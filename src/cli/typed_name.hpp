#pragma once
#include <string>

namespace tacet {

/// Makes a name as a person types it one as DNS carries it: "bücher.example" becomes "xn--bcher-kva.example". Returns
/// why that cannot be, such as for a URL; empty if it can. CLI11 calls this for each name on the command line.
std::string take_typed_name(std::string& word);

}  // namespace tacet
