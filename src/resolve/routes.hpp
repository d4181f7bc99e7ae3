#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "resolve/failures.hpp"
#include "resolve/in_flight.hpp"

namespace tacet {

/// A zone of the local network and who answers for its names.
struct ZoneRoute {
  Name zone;
  Upstream& upstreams;
};

/// One way for questions, with all that a way must not share with another: who waits, and what failed. So a dead server
/// of one zone takes no room from anybody else. The cache needs no such division: a name has one way only, and an
/// answer is kept under nothing but the name that was asked for.
struct Route {
  Route(Scheduler& scheduler, std::size_t pending_limit, ZoneRoute to)
      : zone(to.zone),
        is_local(!zone.is_root()),
        upstreams(to.upstreams),
        in_flight(scheduler, pending_limit) {}

  Name zone;      // in lower case; the root for all other names
  bool is_local;  // a zone of the local network
  Upstream& upstreams;
  InFlight in_flight;
  Failures failures;
};

/// The ways that questions can go. One per worker.
class Routes {
public:
  /// `others` answers for all names that are in none of the zones. The limit is each route's own.
  Routes(Scheduler& scheduler, std::size_t pending_limit, Upstream& others, const std::vector<ZoneRoute>& zones);

  /// The way of a name in lower-case wire form: of the longest zone that it is in. Costs nothing without zones.
  Route& of(Bytes name) { return zones_.empty() ? *others_ : find(name); }
  const Route& of(Bytes name) const { return zones_.empty() ? *others_ : find(name); }
  /// The way of the names that are in no zone.
  Route& others() { return *others_; }
  const Route& others() const { return *others_; }

  /// Queries that wait, and queries shed, on all ways.
  std::size_t waiting() const;
  std::uint64_t shed() const;
  void forget_failures();

private:
  Route& find(Bytes name) const;

  std::unique_ptr<Route> others_;
  std::vector<std::unique_ptr<Route>> zones_;  // the longest first
};

}  // namespace tacet
