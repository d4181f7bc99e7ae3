#pragma once
#include <string>

#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// Binds a fresh socket to the interface or the address where its traffic must leave; does nothing if `via` says
/// nothing. It needs no privilege (Linux 5.7). `family` is the socket's. Faults: no_network (there is no such interface
/// or address now, or the address is of another family), system.
Result<void> bind_source(int descriptor, int family, const ViaConfig& via);

/// The interface that has the local address of a connected socket; empty if none has it, or the system cannot tell.
std::string interface_of(int descriptor);

}  // namespace tacet
