#pragma once
#include <memory>
#include <vector>

#include "pool/pool_server.hpp"

namespace tacet {

/// The servers of all operators, in configured order; at least one.
using PoolServers = std::vector<std::unique_ptr<PoolServer>>;

/// The servers in the order to try: those that work, then those that do not. In each half operators as configured;
/// inside an operator those that work as configured, unless another is markedly faster, and the least failing first.
std::vector<PoolServer*> ranked(const PoolServers& servers);

/// A warm channel of the same operator for a second copy, but not `excluded`; null without one. Channels that no loss
/// holds up come first, and of these the one that owes the fewest answers: it waits for the fewest that may be lost.
PoolChannel* channel_for_copy(const PoolServers& servers, const PoolChannel& first, const PoolChannel* excluded);

}  // namespace tacet
