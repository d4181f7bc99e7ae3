#pragma once
#include <cstddef>
#include <optional>
#include <string>

namespace tacet {

/// The rest of an open file; nothing and errno if it cannot be read. Stops once it has at least `most` octets, so an
/// endless file does no harm.
std::optional<std::string> text_of(int descriptor, std::size_t most);

/// Words for the errno of an OpenFile: why a file could not be opened or read.
std::string reading_fault(int error);

}  // namespace tacet
