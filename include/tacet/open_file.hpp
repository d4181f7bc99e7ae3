#pragma once
#include <functional>
#include <string>

namespace tacet {

/// Opens the file at a path for reading. Returns a descriptor, which the caller closes, or -1 and errno. Does not wait
/// for the other end of a pipe. A confined process cannot open files itself, so it asks the process that can (EPIPE:
/// that process has ended).
using OpenFile = std::function<int(const std::string& path)>;

/// Opens it by the rights of this process.
int open_file(const std::string& path);

}  // namespace tacet
