#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pool/pool_server.hpp"

namespace tacet {

/// The servers of all operators, in configured order; at least one.
using PoolServers = std::vector<std::unique_ptr<PoolServer>>;

/// The servers in the order to try them: working ones first, failing ones last. In each half the operators stand as
/// configured. Inside an operator the working servers stand as configured, unless another is markedly faster; of the
/// failing ones, the one with the fewest failures comes first. A reserve comes after the operator's other servers of
/// its half.
std::vector<PoolServer*> ranked(const PoolServers& servers);

/// Puts the working servers among `passed_over` (ids of their channels) behind the other working ones. The failing ones
/// stay last.
void put_last(std::vector<PoolServer*>& order, std::span<const std::string> passed_over);

/// A warm channel of the same operator for a second copy, but not `excluded`; null without one. A channel that waits
/// for no lost segment comes first. Of these, the one that owes the fewest answers comes first: a loss among them can
/// delay the copy.
PoolChannel* channel_for_copy(const PoolServers& servers, const PoolChannel& first, const PoolChannel* excluded);

}  // namespace tacet
