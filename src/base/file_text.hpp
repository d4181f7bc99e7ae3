#pragma once
#include <cstddef>
#include <optional>
#include <string>

namespace tacet {

/// What is left to read of an open file; nothing and errno if it cannot be read. Stops once it has at least `most`
/// octets, so that no file is endless.
std::optional<std::string> text_of(int descriptor, std::size_t most);

/// Why a file could not be opened or read, in words: what this errno means to an OpenFile.
std::string reading_fault(int error);

}  // namespace tacet
