#pragma once
#include <cstddef>
#include <optional>
#include <string>

namespace tacet {

/// The rest of an open file; nothing and errno if it cannot be read. Stops once it has at least `most` octets, so an
/// endless file does no harm.
std::optional<std::string> text_of(int descriptor, std::size_t most);

/// The text of the file at `path`; empty if it cannot be read. A text of more than a MiB is cut somewhere behind that.
std::string file_text(const std::string& path);

/// Words for the errno of an OpenFile: why a file could not be opened or read.
std::string reading_fault(int error);

}  // namespace tacet
