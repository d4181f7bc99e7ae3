#pragma once
#include <cstdint>
#include <string>

#include "tacet/result.hpp"

namespace tacet {

/// What the tacet behind a control socket has counted since its start.
struct QueryCount {
  std::uint64_t taken = 0;     ///< queries that came to it, by UDP and TCP
  std::uint64_t local = 0;     ///< of these, answered by itself, without asking anybody
  std::uint64_t upstream = 0;  ///< answers that its upstreams gave
  bool forwards_test = false;  ///< "test." is a zone with servers of its own, so its names are no local answers
};

/// Faults: as ask() in control_client.hpp; protocol (a tacet of another version).
Result<QueryCount> query_count(const std::string& socket);

/// A name below "test." that nobody has asked for before. No public name can be that (RFC 6761), so tacet answers for
/// itself, also while its upstreams are down, and nobody is harmed if another server hears it.
std::string fresh_name();

/// Asks `server`, port 53, by UDP: it must be the tacet that listens at `socket`, whose count of queries has to move,
/// it must serve this machine, and one of its upstreams must answer something, whatever that is. Waits half a minute at
/// most. Faults: unreachable (nobody listens), timeout, refused (it is another program, or does not serve this
/// machine), protocol (no upstream answers; the detail says what was asked), system.
Result<void> probe_resolver(const std::string& server, const std::string& socket);

}  // namespace tacet
