#pragma once
#include <vector>

#include "base/descriptor.hpp"
#include "listen/bind.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The descriptors that the service manager opened for this process, in its order; none if it opened none
/// (sd_listen_fds(3): LISTEN_FDS of them, from 3 on, if LISTEN_PID is this process). Takes the variables out of the
/// environment, so that no child believes they are its own: to be called once, before there are threads.
std::vector<Descriptor> take_passed_descriptors();

/// The addresses that these descriptors serve, in the order in which each came first, UDP and TCP found by type,
/// whatever their order. The sockets are made non-blocking and close-on-exec; what else a bound socket needs is set.
/// Faults: invalid_config if one is no listening IP socket, came twice, or has no partner of the other type: a resolver
/// that answers by one of the two looks sound and fails on the first long answer.
Result<std::vector<ListenSockets>> pair_passed_sockets(std::vector<Descriptor> passed);

/// True if an IPv6 wildcard socket is sent what is for IPv4 addresses as well.
bool takes_both_families(const Descriptor& socket);

/// The same sockets once more, for another worker: whoever is free takes the next query.
Result<std::vector<ListenSockets>> share_sockets(const std::vector<ListenSockets>& sockets);

}  // namespace tacet
