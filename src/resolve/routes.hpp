#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "resolve/failures.hpp"
#include "resolve/in_flight.hpp"

namespace tacet {

/// A zone of the local network and who answers for its names; never null.
struct ZoneRoute {
  Name zone;
  std::shared_ptr<Upstream> upstreams;
};

/// One way for questions, with all that a way must not share with another: who waits, and what failed. So a dead server
/// of one zone takes no room from anybody else. The cache needs no such division: a name has one way only, and an
/// answer is kept under nothing but the name that was asked for.
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

/// The ways that questions can go. One per worker.
class Routes {
public:
  /// `others` answers for all names that are in none of the zones. The limit is each route's own.
  Routes(Scheduler& scheduler, std::size_t pending_limit, std::shared_ptr<Upstream> others,
         const std::vector<ZoneRoute>& zones);

  /// What use() needs memory for: made first, so that nothing of it can fail half-way.
  struct Change {
    std::size_t pending_limit;
    std::shared_ptr<Route> others;
    std::vector<std::shared_ptr<Route>> zones;
  };
  /// The ways for these, each as above; one whose zone and upstreams stay goes on as it is.
  Change prepare(std::size_t pending_limit, std::shared_ptr<Upstream> others, const std::vector<ZoneRoute>& zones);
  /// Goes by what was prepared last from now on. A way that is not among the new ones is retired: it lives on with
  /// those who hold it, until their questions are answered.
  void use(Change change);

  /// The way of a name in lower-case wire form: of the longest zone that it is in. Costs nothing without zones. Who
  /// waits for something meanwhile must hold it.
  const std::shared_ptr<Route>& of(Bytes name) const { return zones_.empty() ? others_ : find(name); }
  /// The way of the names that are in no zone.
  const std::shared_ptr<Route>& others() const { return others_; }

  /// Queries that wait, and queries shed, on all ways, retired ones included.
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
