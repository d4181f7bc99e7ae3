#pragma once
#include <string>

#include "tacet/config.hpp"

namespace tacet {

/// What to do about the program that has an address although it is no service that takeover knows: what holds it, what
/// starts that, and the commands that put tacet in its place. `config` is the file to write. One sentence if nothing
/// holds the address, or if that cannot be seen.
std::string advice_on_stray_resolver(const SocketAddress& address, const std::string& config);

}  // namespace tacet
