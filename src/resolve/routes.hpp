#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "resolve/failures.hpp"
#include "resolve/in_flight.hpp"

namespace tacet {

/// A zone of the local network and the upstreams for its names; never null.
struct ZoneRoute {
  Name zone;
  std::shared_ptr<Upstream> upstreams;
};

/// The upstreams for some names, with the state that belongs to these names alone: waiting queries and failures. So a
/// dead server of one zone takes no room from other names. The cache needs no such division: a name has one route only,
/// and an answer is kept only under the name that was asked for.
struct Route {
  Route(Scheduler& scheduler, ZoneRoute to)
      : zone(to.zone),
        is_local(!zone.is_root()),
        upstreams(std::move(to.upstreams)),
        in_flight(scheduler, 0) {}

  Name zone;      // in lower case; the root for all other names
  bool is_local;  // a zone of the local network
  std::shared_ptr<Upstream> upstreams;
  InFlight in_flight;
  Failures failures;
};

/// All routes of one worker.
class Routes {
public:
  /// `others` answers all names that are in no zone. The limit applies to each route by itself.
  Routes(Scheduler& scheduler, std::size_t pending_limit, std::shared_ptr<Upstream> others,
         const std::vector<ZoneRoute>& zones);

  /// What use() needs memory for. It is made first, so that use() cannot fail half-way.
  struct Change {
    std::size_t pending_limit;
    std::shared_ptr<Route> others;
    std::vector<std::shared_ptr<Route>> zones;
  };
  /// Prepares routes to these, each as above. A route stays as it is if its zone and upstreams stay.
  Change prepare(std::size_t pending_limit, std::shared_ptr<Upstream> others, const std::vector<ZoneRoute>& zones);
  /// Uses the routes of the last prepare(). A route that is not among them retires: its holders keep it until their
  /// questions are answered.
  void use(Change change);

  /// The route of a name in lower-case wire form: that of the longest zone with the name. Costs nothing without zones.
  /// A coroutine that waits must hold the route.
  const std::shared_ptr<Route>& of(Bytes name) const { return zones_.empty() ? others_ : find(name); }
  /// The route of the names that are in no zone.
  const std::shared_ptr<Route>& others() const { return others_; }

  /// Waiting queries, and queries that were dropped, over all routes, retired ones too.
  std::size_t waiting() const;
  std::uint64_t shed() const;
  void forget_failures();

private:
  const std::shared_ptr<Route>& find(Bytes name) const;
  std::shared_ptr<Route> keep_or_make(ZoneRoute to) const;
  void retire(const std::shared_ptr<Route>& route);

  Scheduler& scheduler_;
  std::shared_ptr<Route> others_;
  std::vector<std::shared_ptr<Route>> zones_;  // the longest first
  std::vector<std::weak_ptr<Route>> retired_;
  std::uint64_t shed_by_retired_ = 0;
};

}  // namespace tacet
