#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "base/task_group.hpp"
#include "observe/metrics.hpp"
#include "resolve/routes.hpp"
#include "resolve/upstream_set.hpp"
#include "tacet/config.hpp"
#include "transport/bootstrap.hpp"
#include "transport/connector.hpp"
#include "transport/service.hpp"
#include "transport/tls.hpp"

namespace tacet {

/// The trust stores of a configuration, one per bundle file, shared by all workers.
class TrustStores {
public:
  /// Begins to read every bundle that the configuration needs, in the background.
  explicit TrustStores(const Config& config);
  /// Waits until they are read. Fault::invalid_config with the path of one that cannot be used.
  Result<void> await() const;

  std::shared_ptr<TrustStore> of(const UpstreamConfig& upstream) const;
  /// Reads the files again that have changed.
  void refresh() const;

private:
  std::vector<std::pair<std::string, std::shared_ptr<TrustStore>>> stores_;
};

/// What can be said of a zone's servers.
struct ZoneReport {
  std::string zone;
  bool in_clear = false;  ///< its names travel unencrypted
  std::vector<LaneReport> lanes;
};

/// The way to all configured upstreams, for one worker (or for one `tacet query`): what connections need, and the set
/// that is used like one upstream; beside it one more set for each zone of the local network, with a socket budget of
/// its own, so that a dead one takes nothing from the others.
class Upstreams {
public:
  /// `events` hears of every connection made; loop, tasks, metrics, config and stores must outlive the object, and
  /// `tasks` must be cancelled before it is destroyed.
  struct Parts {
    Loop& loop;
    TaskGroup& tasks;
    Metrics& metrics;
    const Config& config;
    const TrustStores& trust;
    std::function<void(const UpstreamConfig&, const ConnectionFacts&)> on_established;
  };
  explicit Upstreams(const Parts& parts);
  ~Upstreams();

  UpstreamSet& set();
  const UpstreamSet& set() const;
  /// The set that answers for `name`: a zone's, or set().
  UpstreamSet& set_for(const Name& name);
  std::vector<ZoneRoute> zones() const;
  std::vector<ZoneReport> zone_reports() const;
  /// Connections are not to be reused: the network changed or the machine slept.
  void network_changed();
  std::uint64_t plaintext_lookups() const { return bootstrap_.lookups(); }

private:
  struct Way;
  struct Zone;
  std::unique_ptr<Service> make_service(const Parts& parts, const UpstreamConfig& config, SocketBudget& budget);
  std::unique_ptr<Way> make_way(const Parts& parts);
  std::unique_ptr<Zone> make_zone(const Parts& parts, const ForwardZone& config);

  Bootstrap bootstrap_;
  std::unique_ptr<Way> way_;
  std::vector<std::unique_ptr<Zone>> zones_;  // in configured order
};

}  // namespace tacet
