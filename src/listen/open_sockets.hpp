#pragma once
#include <vector>

#include "listen/bind.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// Sockets for every worker, [worker][address]: those that the service manager opened, and our own on each address of
/// `listen`, `https.listen` and `tls.listen` that is not among them (the defaults of `listen` only if the manager
/// opened none). It opens an address that is not there yet, which is served once it comes. It leaves out an address of
/// a family that the machine lacks, with a warning. Under a service manager it waits ten seconds for a port that
/// another program holds. It removes the manager's variables from the environment: call it once, before there are
/// threads. Faults: as bind_sockets() and pair_passed_sockets(); unsupported if no address is left; invalid_config if
/// the manager's sockets block a wildcard address of these lists, or are for a transport that is off.
Result<std::vector<std::vector<ListenSockets>>> open_sockets(const Config& config);

}  // namespace tacet
