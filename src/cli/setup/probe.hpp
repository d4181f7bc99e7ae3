#pragma once
#include <cstdint>
#include <string>

#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The counts of the tacet behind a control socket since its start.
struct QueryCount {
  std::uint64_t taken = 0;     ///< queries by UDP and TCP
  std::uint64_t local = 0;     ///< those that it answered without an upstream
  std::uint64_t upstream = 0;  ///< answers of its upstreams
  bool forwards_test = false;  ///< "test." is a zone with servers of its own, so its names are no local answers
};

/// Faults: as ask() in control_client.hpp; protocol (a tacet of another version).
Result<QueryCount> query_count(const std::string& socket);

/// A fresh name below "test.". No public name ends so (RFC 6761): tacet answers it by itself, also while its upstreams
/// are down, and the query does no harm at another server.
std::string fresh_name();

/// Asks `server` by UDP. It must be the tacet that listens at `socket`: that tacet's count of queries must grow. It
/// must serve this machine, and one of its upstreams must answer anything. Waits half a minute at most. Faults:
/// unreachable (no program listens), no_network (this machine does not have the address), timeout, refused (it is
/// another program, or does not serve this machine), protocol (no upstream answers; the detail has the questions),
/// system.
Result<void> probe_resolver(const SocketAddress& server, const std::string& socket);

}  // namespace tacet
