#pragma once
#include <string>
#include <vector>

#include "system/users.hpp"
#include "tacet/config.hpp"
#include "tacet/open_file.hpp"
#include "tacet/result.hpp"
#include "tacet/server.hpp"

namespace tacet {

/// Starts a process that opens the files which `config` names, and those in `also` (the system's bundles), for one that
/// then confines itself: a confined process cannot open what replaces such a file under the same name. When it is asked
/// for the configuration it reads that first, by `source.read`, and from then on also opens the files that this names;
/// any other path is EACCES. It runs as `users` say, and can do nothing but open and read. It ends when nobody holds
/// the returned function any more. That function may be called by every thread; it fails with EPIPE if the process is
/// gone.
///
/// To be called before there are threads and sockets. Fault::system. On systems that confine nothing no process is
/// started, and files are opened as usual.
Result<OpenFile> start_file_opener(const Config& config, ConfigSource source, const Users& users,
                                   std::vector<std::string> also = {});

}  // namespace tacet
