#pragma once
#include <functional>
#include <string>

namespace tacet {

/// Opens the file at a path for reading: a descriptor that is the caller's to close, or -1 and errno. Does not wait for
/// the other end of a pipe. A confined process cannot open files itself; it asks the process that can (EPIPE:
/// that one has ended).
using OpenFile = std::function<int(const std::string& path)>;

/// As this process may by itself.
int open_file(const std::string& path);

}  // namespace tacet
