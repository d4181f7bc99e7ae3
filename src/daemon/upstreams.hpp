#pragma once
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/loop.hpp"
#include "base/task_group.hpp"
#include "daemon/climber.hpp"
#include "observe/metrics.hpp"
#include "pool/ladder_memory.hpp"
#include "pool/pool.hpp"
#include "report/upstream_report.hpp"
#include "resolve/routes.hpp"
#include "tacet/config.hpp"
#include "tacet/open_file.hpp"
#include "transport/dial/bootstrap.hpp"
#include "transport/dial/connector.hpp"
#include "transport/tls/tls.hpp"
#include "transport/upstream_server.hpp"

namespace tacet {

/// The trust stores of a configuration, one per bundle file, shared by all workers.
class TrustStores {
public:
  TrustStores() : TrustStores(OpenFile(open_file)) {}
  /// Makes an empty set; `open` will open the files.
  explicit TrustStores(OpenFile open) : open_(std::move(open)) {}
  /// Begins to read every bundle that the configuration needs, in the background, except those that `former` has. Opens
  /// them as `former` does.
  explicit TrustStores(const Config& config, const TrustStores& former = {});
  /// Waits until all are read. Fault::invalid_config with the path of an unusable one.
  Result<void> await() const;

  std::shared_ptr<TrustStore> of(const UpstreamConfig& upstream) const;
  /// Reads changed files again.
  void refresh() const;
  /// The paths of the bundles.
  std::vector<std::string> files() const;

private:
  std::shared_ptr<TrustStore> find(const std::string& file) const;
  OpenFile open_;
  std::vector<std::pair<std::string, std::shared_ptr<TrustStore>>> stores_;
};

/// The interfaces that `via` names, of upstreams and zones.
std::set<std::string> interfaces_of(const Config& config);

/// What the upstreams of one worker work with. Loop and metrics must outlive them.
struct UpstreamsContext {
  Loop& loop;
  Metrics& metrics;
  ConnectionEvents events = {};
  std::shared_ptr<LadderMemory> ladder_memory = std::make_shared<LadderMemory>();  ///< of all workers
  std::shared_ptr<LogGates> gates = std::make_shared<LogGates>();                  ///< of all workers
};

/// All configured upstreams, for one worker (or for one `tacet query`): the objects that connections need, the set for
/// all other names, and one set for each zone of the local network. A set is used like one upstream. Each has its own
/// socket budget, so that a dead zone takes nothing from the others.
class Upstreams {
public:
  /// No task may use a set when the object is destroyed.
  Upstreams(UpstreamsContext context, const Config& config, const TrustStores& trust);
  ~Upstreams();

  struct UpstreamGroup;
  /// Everything that use() needs memory for. It is made first, so that use() cannot fail.
  struct Change {
    std::vector<SocketAddress> bootstrap;
    std::vector<std::shared_ptr<UpstreamGroup>> groups;

    /// As the functions of Upstreams, after use().
    std::shared_ptr<Pool> set_for_others() const;
    std::vector<ZoneRoute> zones() const;
  };
  /// Prepares the sets for this configuration. A set with the same upstreams stays, with its connections.
  Change prepare(const Config& config, const TrustStores& trust);
  /// Uses the sets that were prepared last. A replaced set lives until no query holds it and its last exchange has
  /// ended.
  void use(Change change);

  Pool& set() { return *set_for_others(); }
  /// set(), shared: for users that may outlast its replacement.
  std::shared_ptr<Pool> set_for_others() const;
  /// The set that answers for `name`: a zone's, or set().
  Pool& set_for(const Name& name);
  std::vector<ZoneRoute> zones() const;
  std::vector<ZoneReport> zone_reports() const;
  /// How the servers for all other names are reached.
  std::vector<WayReport> ways() const;
  /// The network changed or the machine slept: do not reuse connections.
  void network_changed();
  std::uint64_t plaintext_lookups() const { return bootstrap_.lookups(); }

private:
  std::shared_ptr<UpstreamGroup> make_group(const ForwardZone& configured, const TrustStores& trust,
                                            std::span<const UpstreamConfig> reserves = {});
  std::shared_ptr<UpstreamGroup> make_set_for_others(const Config& config, const TrustStores& trust);
  std::unique_ptr<UpstreamServer> make_server(const UpstreamConfig& config, UpstreamGroup& group,
                                              const TrustStores& trust);
  void sweep();

  UpstreamsContext context_;
  Bootstrap bootstrap_;
  std::vector<std::shared_ptr<UpstreamGroup>> groups_;  // for all other names, then for each zone in configured order
  std::vector<std::shared_ptr<UpstreamGroup>> retired_;
  Alarm sweep_;
};

}  // namespace tacet
