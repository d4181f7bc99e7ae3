#pragma once
#include <vector>

#include "listen/bind.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// Sockets for every worker, [worker][address]: those that the service manager opened, and our own on each address of
/// `listen` that is not among them (its defaults only if the manager opened none). An address that is not there yet is
/// opened all the same and served once it comes; one of a family that the machine lacks is left out with a warning. A
/// port that another program holds is waited for, ten seconds, if a service manager would only start us again. Takes
/// what was passed out of the environment: to be called once, before there are threads. Faults: as bind_sockets() and
/// pair_passed_sockets(); unsupported if no address is left; invalid_config if `listen` has a wildcard address that
/// the manager's sockets keep from being opened.
Result<std::vector<std::vector<ListenSockets>>> open_sockets(const Config& config);

}  // namespace tacet
