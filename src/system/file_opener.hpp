#pragma once
#include <string>
#include <vector>

#include "system/users.hpp"
#include "tacet/config.hpp"
#include "tacet/open_file.hpp"
#include "tacet/result.hpp"
#include "tacet/server.hpp"

namespace tacet {

/// Starts a process that opens the files named in `config`, and those in `also` (the system's bundles). This process
/// can then confine itself: a confined process cannot open a file that replaces one under the same name. A request for
/// the configuration file makes the opener read that by `source.read`; from then on it also opens the files that this
/// names. Any other path is EACCES. It runs as the user of `users`, and can only open and read. It ends when the last
/// copy of the returned function is destroyed. Every thread may call that function; it fails with EPIPE if the opener
/// is gone.
///
/// Call it before there are threads and sockets. Fault::system. On systems without confinement it starts no process,
/// and the function opens files directly.
Result<OpenFile> start_file_opener(const Config& config, ConfigSource source, const Users& users,
                                   std::vector<std::string> also = {});

}  // namespace tacet
